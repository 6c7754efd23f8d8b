package dev.peft4j.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.samples.gloss.GlossData.Example;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class GlossDataTest {
  private static GlossData read(String text) throws IOException {
    return GlossData.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void glossTopicAndSplit() throws IOException {
    GlossData data =
        read(
            """
              1 This software and database | is being provided
            00001740 03 n 01 entity 0 000 | that which is perceived; or known  \s
            00001941 05 n 01 cat 0 000 | feline mammal
            00002137 28 n 01 hour 0 000 @ 0 | a time; "now; then" | and more
            """);
    assertThat(data.test()).containsExactly(new Example("that which is perceived", 0));
    assertThat(data.train())
        .containsExactly(new Example("feline mammal", 2), new Example("a time", 25));
    assertThat(Topics.name(2)).isEqualTo("noun.animal");
    assertThat(Topics.name(25)).isEqualTo("noun.time");
    assertThat(Topics.count()).isEqualTo(26);
  }

  @Test
  void allOfWordNet() throws IOException {
    GlossData data = GlossData.load();
    assertThat(data.train()).hasSize(73942);
    assertThat(data.test()).hasSize(4000);
    assertThat(data.train()).allMatch(e -> e.label() >= 0 && e.label() < Topics.count());
  }

  @Test
  void brokenLine() {
    assertThatThrownBy(() -> read("\n00001740 03 n | x\nabc | y\n"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("line 3");
  }
}
