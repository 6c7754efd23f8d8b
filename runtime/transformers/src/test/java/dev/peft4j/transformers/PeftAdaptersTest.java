package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Adapters that peft 0.21 has written, some edited afterwards: other spellings of keys, values of
 * the base in the file, settings that do not matter when loading. {@code expected.tsv} has what
 * peft predicts with each, or "refused" where it, or peft4j, does not take it.
 */
class PeftAdaptersTest {
  @TempDir static Path folder;

  record Expected(String adapter, String base, String probability) {}

  @BeforeAll
  static void unpack() throws IOException {
    try (InputStream in =
            Objects.requireNonNull(
                PeftAdaptersTest.class.getResourceAsStream("peft-adapters.zip"));
        ZipInputStream zip = new ZipInputStream(in)) {
      for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
        Path file = folder.resolve(e.getName());
        Files.createDirectories(file.getParent());
        Files.write(file, zip.readAllBytes());
      }
    }
  }

  static Stream<Expected> all() throws IOException {
    return Files.readAllLines(folder.resolve("expected.tsv")).stream()
        .map(line -> line.split("\t", -1))
        .map(f -> new Expected(f[0], f[1], f[2]));
  }

  @ParameterizedTest
  @MethodSource("all")
  void predictsWhatPeftPredicts(Expected e, @TempDir Path saved) throws IOException {
    Path adapter = folder.resolve(e.adapter);
    if (e.probability.equals("refused")) {
      BertForSequenceClassification base = base(e.base);
      assertThatThrownBy(() -> PeftModel.load(base, adapter)).hasMessageContaining(e.adapter);
      return;
    }
    BertForSequenceClassification base = base(e.base);
    AdaptedModel<BertForSequenceClassification> model = PeftModel.load(base, adapter);
    double p = probability(model);
    double expected = Double.parseDouble(e.probability);
    assertThat(p).isEqualTo(expected, within(e.probability.length() > 6 ? 2e-5 : 6e-5));
    // what is saved again predicts the same
    model.save(saved);
    BertForSequenceClassification fresh = base(e.base);
    AdaptedModel<BertForSequenceClassification> again = PeftModel.load(fresh, saved);
    assertThat(probability(again)).isEqualTo(p, within(1e-6));
    // and so does the merged model
    again.mergeAndUnload();
    assertThat(probability(fresh)).isEqualTo(p, within(e.base.equals("bert") ? 1e-4 : 1e-2));
  }

  private static BertForSequenceClassification base(String name) throws IOException {
    BertForSequenceClassification base =
        Transformers.bertForSequenceClassification(folder.resolve(name));
    base.eval();
    return base;
  }

  private static double probability(AdaptedModel<BertForSequenceClassification> model)
      throws IOException {
    return model.call(() -> probabilityOf(model.model()));
  }

  private static double probability(BertForSequenceClassification model) {
    return probabilityOf(model);
  }

  private static double probabilityOf(BertForSequenceClassification model) {
    try {
      Tokenizer tokenizer = Tokenizer.load(folder.resolve("bert"), 64);
      return model.forward(tokenizer.encode(List.of("the film"))).softmax(-1).toFloats()[0];
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
