package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.UnsupportedSettingException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GenerationConfigTest {
  private @TempDir Path folder;

  private GenerationConfig read(String generation, String config) throws IOException {
    Files.writeString(folder.resolve("generation_config.json"), generation);
    Files.writeString(folder.resolve("config.json"), config);
    return GenerationConfig.read(folder);
  }

  @Test
  void hasTransformersDefaults() {
    GenerationConfig c = GenerationConfig.builder().build();
    assertThat(c.doSample()).isFalse();
    assertThat(c.numBeams()).isEqualTo(1);
    assertThat(c.get(Temperature.TEMPERATURE)).isEqualTo(1);
    assertThat(c.get(TopK.TOP_K)).isEqualTo(50);
    assertThat(c.get(TopP.TOP_P)).isEqualTo(1);
    assertThat(c.maxLength(7, 1000)).isEqualTo(27);
    assertThat(c.maxLength(990, 1000)).isEqualTo(1000);
    assertThat(c.toBuilder().maxLength(30).build().maxLength(7, 1000)).isEqualTo(30);
    assertThat(c.toBuilder().maxLength(30).maxNewTokens(5).build().maxLength(7, 1000))
        .isEqualTo(12);
  }

  @Test
  void readsItsFileAndWhatItLacksOfTheModels() throws IOException {
    GenerationConfig c =
        read(
            "{\"eos_token_id\": [7, 8], \"do_sample\": true, \"temperature\": 0.6, \"top_p\": null,"
                + " \"transformers_version\": \"4.40\", \"zzz\": 1}",
            "{\"eos_token_id\": 3, \"bos_token_id\": 1, \"pad_token_id\": -1}");
    assertThat(c.eosTokenIds()).containsExactly(7, 8);
    assertThat(c.padTokenId()).isEqualTo(7);
    assertThat(c.doSample()).isTrue();
    assertThat(c.get(Temperature.TEMPERATURE)).isEqualTo(0.6);
    assertThat(c.isSet(TopP.TOP_P)).isFalse();
    assertThat(read("{}", "{\"eos_token_id\": 3, \"pad_token_id\": 0}").padTokenId()).isZero();
  }

  @Test
  void namesFileAndSettingOfAWrongValue() {
    assertThatThrownBy(() -> read("{\"top_p\": 1.5}", "{}"))
        .isInstanceOf(FileFormatException.class)
        .hasMessage(
            folder.resolve("generation_config.json")
                + ": top_p is 1.5, expected a number from 0 to 1");
    assertThatThrownBy(() -> read("{\"eos_token_id\": \"x\"}", "{}"))
        .hasMessageContaining("eos_token_id is \"x\", expected a token id or a list of them");
    assertThatThrownBy(() -> read("{\"eos_token_id\": }", "{}"))
        .hasMessageContaining("is not valid JSON");
    assertThatThrownBy(() -> read("{}", "[]")).hasMessageContaining("is not a JSON object");
  }

  @Test
  void refusesWhatWouldChangeTheTextAndIsNotBuilt() throws IOException {
    assertThatThrownBy(() -> read("{\"penalty_alpha\": 0.6}", "{}"))
        .isInstanceOf(UnsupportedSettingException.class)
        .hasMessageContaining("penalty_alpha is 0.6, which is not built");
    assertThat(read("{\"num_beam_groups\": 1, \"diversity_penalty\": 0.0}", "{}").numBeams())
        .isEqualTo(1);
  }

  @Test
  void whoSetsHowToSampleSamples() {
    assertThat(GenerationConfig.builder().temperature(0.7).build().doSample()).isTrue();
    assertThat(GenerationConfig.builder().topK(3).doSample(false).build().doSample()).isFalse();
    assertThat(GenerationConfig.builder().repetitionPenalty(1.2).build().doSample()).isFalse();
  }

  @Test
  void checksWhatACallerWrites() {
    assertThatThrownBy(() -> GenerationConfig.builder().temperature(0))
        .hasMessageContaining("temperature is 0.0, expected a number above 0");
    assertThatThrownBy(() -> GenerationConfig.builder().maxNewTokens(0))
        .hasMessage("max_new_tokens is 0, expected a whole number from 1");
    assertThatThrownBy(() -> GenerationConfig.builder().json("{\"temprature\": 1}"))
        .hasMessage("there is no setting 'temprature' of generation; did you mean temperature?");
    assertThatThrownBy(() -> GenerationConfig.builder().json("{\"top_k\": 1.5}"))
        .hasMessage("top_k is 1.5, expected a whole number from 0");
    GenerationConfig c =
        GenerationConfig.builder()
            .json(
                "{\"sequence_bias\": [[[1, 2], -3.5]], \"early_stopping\": \"never\","
                    + " \"stop_strings\": \"x\", \"exponential_decay_length_penalty\": [2, 1.5],"
                    + " \"seed\": 5}")
            .build();
    assertThat(c.find(SequenceBias.SEQUENCE_BIAS))
        .containsExactly(new SequenceBias.Bias(List.of(1, 2), -3.5));
    assertThat(c.get(Settings.EARLY_STOPPING)).isEqualTo(EarlyStopping.NEVER);
    assertThat(c.stopStrings()).containsExactly("x");
    assertThat(c.seed()).isEqualTo(5);
    assertThat(c.toBuilder().build()).isEqualTo(c);
  }
}
