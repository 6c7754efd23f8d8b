package dev.peft4j.samples.gloss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GlossOptionsTest {
  private static GlossOptions read(Map<String, String> given) throws Exception {
    return GlossOptions.read(given::get);
  }

  @Test
  void defaultsAreThoseOfThePeer() throws Exception {
    assertThat(read(Map.of()))
        .isEqualTo(
            new GlossOptions(
                300, 0, 32, Path.of("target", "gloss"), List.of("head", "lora"), null));
  }

  @Test
  void everythingGiven() throws Exception {
    assertThat(
            read(
                Map.of(
                    "steps", "5", "seed", "-7", "batch", " 16 ", "out", "x/y", "method", "LoRA",
                    "text", "a cat")))
        .isEqualTo(new GlossOptions(5, -7, 16, Path.of("x", "y"), List.of("lora"), "a cat"));
    assertThat(read(Map.of("method", "both")).methods()).containsExactly("head", "lora");
  }

  @ParameterizedTest
  @CsvSource({
    "steps,0,whole number from 1",
    "steps,-1,whole number from 1",
    "steps,many,whole number from 1",
    "steps,99999999999,to 1000000",
    "seed,0x1,a whole number",
    "batch,0,from 1 to 512",
    "batch,1000,from 1 to 512",
    "method,dora,'lora, head or both'",
    "out,' ',a folder",
    "text,' ',a sentence",
  })
  void wrongValuesAreNamed(String name, String value, String expected) {
    assertThatThrownBy(() -> read(Map.of(name, value)))
        .isInstanceOf(GlossOptions.WrongOptionException.class)
        .hasMessageStartingWith("-D" + name + "=" + value + ": expected ")
        .hasMessageContaining(expected);
  }
}
