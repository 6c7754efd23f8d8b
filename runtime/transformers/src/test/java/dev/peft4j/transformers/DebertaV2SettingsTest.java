package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Distances in buckets, as transformers' make_log_bucket_position puts them, and bad settings. */
class DebertaV2SettingsTest {
  private static final int[] DISTANCES = {
    0, 1, 3, 4, 5, 7, 15, 16, 17, 31, 60, 64, 120, 127, 128, 129, 200, 300, 511, -5, -300
  };

  private static EncoderConfig config(String settings) throws IOException {
    ObjectNode tree = (ObjectNode) new JsonMapper().readTree("{" + settings + "}");
    return new DebertaV2().config(new ConfigReader(tree, Path.of("config.json")), true);
  }

  private static DebertaV2Settings settings(String settings) throws IOException {
    return DebertaV2Settings.of(config("\"relative_attention\": true, " + settings));
  }

  @ParameterizedTest
  @CsvSource({
    "256, 512, '0 1 3 4 5 7 15 16 17 31 60 64 120 127 128 129 169 207 255 -5 -207'",
    "8, 64, '0 1 3 4 5 5 6 6 6 7 7 8 8 8 8 8 9 9 10 -5 -9'",
    "32, 128, '0 1 3 4 5 7 15 16 17 21 26 27 31 31 32 32 35 38 42 -5 -38'",
    "7, 50, '0 1 3 4 4 4 5 5 5 5 6 6 6 6 6 6 7 7 7 -4 -7'"
  })
  void bucketsOfTorch(int buckets, int largest, String expected) throws IOException {
    DebertaV2Settings s =
        settings("\"position_buckets\": " + buckets + ", \"max_relative_positions\": " + largest);
    int[] found =
        Arrays.stream(DISTANCES).map(d -> DebertaV2Attention.Distances.bucket(d, s)).toArray();
    assertThat(found)
        .containsExactly(Arrays.stream(expected.split(" ")).mapToInt(Integer::parseInt).toArray());
  }

  @Test
  void settingsMayBeTextsOrLists() throws IOException {
    DebertaV2Settings text =
        settings("\"pos_att_type\": \"P2C|c2p\", \"norm_rel_ebd\": \"layer_norm\"");
    assertThat(text.terms()).isEqualTo(3);
    assertThat(text.normalised()).isTrue();
    assertThat(settings("\"pos_att_type\": [\"c2p\"]").terms()).isEqualTo(2);
    assertThat(settings("\"max_position_embeddings\": 99").span()).isEqualTo(99);
    assertThat(settings("\"attention_head_size\": 64").terms()).isEqualTo(1); // as it is anyway
  }

  @ParameterizedTest
  @CsvSource({
    "'\"attention_head_size\": 32', 'attention_head_size is 32, expected 64'",
    "'\"pooler_hidden_size\": 8', 'pooler_hidden_size is 8, expected 1536'",
    "'\"conv_groups\": 2', 'conv_groups is 2'",
    "'\"conv_kernel_size\": 2', 'conv_kernel_size is 2, expected an odd number'",
    "'\"position_buckets\": 1', 'position_buckets is 1'",
    "'\"position_buckets\": 8, \"max_relative_positions\": 5', 'position_buckets is 8'",
    "'\"share_att_key\": 1', 'share_att_key is 1, expected true or false'"
  })
  void whatIsNotPossibleIsAnError(String settings, String message) {
    assertThatThrownBy(() -> settings(settings)).hasMessageContaining(message);
  }

  @Test
  void modernBertsSettingsAreChecked() {
    for (String bad :
        new String[] {
          "\"layer_types\": [\"full_attention\"]",
          "\"classifier_pooling\": \"max\"",
          "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 2}",
          "\"rope_parameters\": {\"full_attention\": {\"rope_type\": \"yarn\"}}",
          "\"local_attention\": 0"
        }) {
      assertThatThrownBy(
              () ->
                  new ModernBert()
                      .config(
                          new ConfigReader(
                              (ObjectNode) new JsonMapper().readTree("{" + bad + "}"),
                              Path.of("config.json")),
                          true))
          .hasMessageContaining(bad.substring(1, bad.indexOf('"', 1)).split("_")[0]);
    }
  }
}
