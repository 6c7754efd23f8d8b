package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EncoderConfigTest {
  private static final Path FILE = Path.of("some", "config.json");

  private static EncoderConfig read(String json) throws IOException {
    return new Bert()
        .config(
            new ConfigReader((ObjectNode) new JsonMapper().readTree(json.replace('\'', '"')), FILE),
            true);
  }

  @Test
  void missingKeysHaveTransformersDefaults() throws IOException {
    assertThat(read("{'model_type': 'bert'}")).isEqualTo(EncoderConfig.builder().build());
    assertThat(EncoderConfig.builder().build().hiddenSize()).isEqualTo(768);
  }

  @Test
  void readsEveryKey() throws IOException {
    EncoderConfig c =
        read(
            "{'model_type':'bert','vocab_size':11,'hidden_size':8,'num_hidden_layers':3,'num_attention_heads':2,"
                + "'intermediate_size':7,'hidden_act':'gelu_new','hidden_dropout_prob':0.2,"
                + "'attention_probs_dropout_prob':0,'classifier_dropout':0.4,'max_position_embeddings':9,"
                + "'type_vocab_size':4,'initializer_range':0.5,'layer_norm_eps':1e-5,"
                + "'id2label':{'1':'b','0':'a','2':'c'},'num_labels':3,'position_embedding_type':'absolute',"
                + "'is_decoder':false,'pruned_heads':{},'problem_type':null}");
    assertThat(c)
        .isEqualTo(
            new EncoderConfig(
                11,
                8,
                3,
                2,
                7,
                Activation.GELU_TANH,
                0.2,
                0,
                0.4,
                9,
                4,
                0.5,
                1e-5,
                List.of("a", "b", "c"),
                8,
                0,
                null,
                Map.of()));
    assertThat(c.toBuilder().build()).isEqualTo(c);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "'hidden_size':'big'|hidden_size is \"big\", expected a whole number from 1",
        "'hidden_size':0|hidden_size is 0",
        "'hidden_size':10|hidden_size 10 is not a multiple of num_attention_heads 12",
        "'vocab_size':1.5|vocab_size is 1.5",
        "'num_hidden_layers':99999999999|num_hidden_layers is 99999999999",
        "'hidden_dropout_prob':1|hidden_dropout_prob is 1, expected a number from 0",
        "'layer_norm_eps':0|layer_norm_eps is 0, expected a number above 0",
        "'hidden_act':'xielu'|hidden_act is \"xielu\", expected one of gelu, gelu_python",
        "'hidden_act':3|hidden_act is 3, expected a text",
        "'position_embedding_type':'relative_key'|position_embedding_type is \"relative_key\","
            + " which is not supported",
        "'is_decoder':true|is_decoder is true, which is not supported",
        "'pruned_heads':{'0':[1]}|pruned_heads is {\"0\":[1]}, which is not supported",
        "'problem_type':'ranking'|problem_type is \"ranking\", expected one of \"regression\"",
        "'id2label':{'0':'a','2':'b'}|id2label is {\"0\":\"a\",\"2\":\"b\"}, expected a text for"
            + " each of 0 to 1",
        "'id2label':{'0':'a'},'num_labels':2|num_labels is 2, expected 1",
      })
  void errorsNameFileKeyFoundAndExpected(String json, String message) {
    String type =
        json.contains("model_type") || json.startsWith("'x'") ? "" : "'model_type':'bert',";
    assertThatThrownBy(() -> read("{" + type + json + "}"))
        .isInstanceOf(FileFormatException.class)
        .hasMessageStartingWith(FILE + ": ")
        .hasMessageContaining(message);
  }

  @Test
  void sizesAreCheckedInCodeToo() {
    assertThatThrownBy(() -> EncoderConfig.builder().heads(7).build())
        .hasMessageContaining("multiple of the 7 heads");
    assertThatThrownBy(() -> EncoderConfig.builder().numLabels(0).build())
        .hasMessageContaining("number of labels is 0");
  }
}
