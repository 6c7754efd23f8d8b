package dev.peft4j.target;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamesTest {

  @ParameterizedTest
  @CsvSource({
    "qProj, q_proj",
    "fc1, fc1",
    "already_snake, already_snake",
    "lora_A, lora_A",
    "layerNorm, layer_norm",
    "LayerNorm, layer_norm",
    "conv2d, conv2d",
    "conv2dLayer, conv2d_layer",
    "fc1Weight, fc1_weight",
    "wQ, w_q",
    "lmHTTPHead, lm_http_head",
    "HTTP, http",
    "attention1QProj, attention1_q_proj",
    "x, x",
    "X, x",
    "tokenTypeEmbeddings, token_type_embeddings",
    "größeÄ, größe_ä"
  })
  void followsFromTheField(String field, String checkpoint) {
    assertThat(Names.toCheckpoint(field)).isEqualTo(checkpoint);
  }

  @ParameterizedTest
  @CsvSource({"q_proj, qProj", "fc1, fc1", "token_type_embeddings, tokenTypeEmbeddings", "_x, _x"})
  void goesBack(String checkpoint, String field) {
    assertThat(Names.toField(checkpoint)).isEqualTo(field);
  }

  @Test
  void needsADotBeforeASuffix() {
    assertThat(Names.names("q", "q")).isTrue();
    assertThat(Names.names("q", "a.q")).isTrue();
    assertThat(Names.names("a.q", "b.a.q")).isTrue();
    assertThat(Names.names("q", "aq")).isFalse();
    assertThat(Names.names("a.q", "q")).isFalse();
  }

  @Test
  void suggestsWhatWasMeant() {
    List<String> paths =
        List.of(
            "layers.*.attn.q_proj", "layers.*.attn.k_proj", "layers.*.mlp.up", "lm_head", "linear");
    assertThat(Suggestions.closest("linaer", paths)).containsExactly("linear");
    assertThat(Suggestions.closest("qProj", paths))
        .as("the field's name")
        .containsExactly("q_proj");
    assertThat(Suggestions.closest("atn.q_proj", paths).get(0)).isEqualTo("attn.q_proj");
    assertThat(Suggestions.closest("head", paths)).containsExactly("lm_head");
    assertThat(Suggestions.closest("zzz", paths)).isEmpty();
    assertThat(Suggestions.didYouMean("linaer", paths)).isEqualTo("Did you mean \"linear\"?");
    assertThat(Suggestions.didYouMean("zzz", paths)).isEmpty();
  }

  @Test
  void countsASwapAsOneEdit() {
    assertThat(Suggestions.distance("linaer", "linear")).isEqualTo(1);
    assertThat(Suggestions.distance("", "abc")).isEqualTo(3);
    assertThat(Suggestions.distance("kitten", "sitting")).isEqualTo(3);
  }
}
