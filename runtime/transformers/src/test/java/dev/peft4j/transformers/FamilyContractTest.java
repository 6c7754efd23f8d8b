package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What holds for every family that is found: a tiny model of it, which
 * src/test/python/make_tiny_families.py made, computes and trains what transformers and peft do.
 */
@ParameterizedClass(name = "{0}")
@MethodSource("dev.peft4j.transformers.FamilyCase#families")
class FamilyContractTest extends FamilyCase {
  FamilyContractTest(String modelType) {
    super(modelType);
  }

  // ---- what transformers computes

  @Test
  void sequenceClassifierIsTransformers() throws IOException {
    SequenceClassifier model = sequence();
    assertThat(model.modelType()).isEqualTo(family.modelType());
    assertThat(model.getClass().getSimpleName())
        .isEqualTo(family.classPrefix() + "ForSequenceClassification");
    near("logits", forward(model), expectedLogits());
    near("no mask", model.forward(tiny.ids(), null), tiny.io("sequence.no_mask"));
    Tensor loss = model.loss(forward(model), tiny.io("sequence.target"));
    near("loss", loss.reshape(1), tiny.io("sequence.loss"));
  }

  @Test
  void tokenClassifierIsTransformers() throws IOException {
    TokenClassifier model = Transformers.tokenClassifier(tiny.token());
    assertThat(model.getClass().getSimpleName())
        .isEqualTo(family.classPrefix() + "ForTokenClassification");
    near("logits", forward(model), tiny.io("token.logits"));
    near("no mask", model.forward(tiny.ids(), null), tiny.io("token.no_mask"));
    Tensor loss = model.loss(forward(model), tiny.io("token.target"));
    near("loss", loss.reshape(1), tiny.io("token.loss"));
  }

  @Test
  void hiddenStatesAreTransformers() throws IOException {
    Encoder encoder = Transformers.encoder(tiny.sequence());
    List<Tensor> states = encoder.hiddenStates(tiny.ids(), tiny.mask(), tiny.types());
    assertThat(states).hasSize(tiny.count("sequence.hidden."));
    for (int i = 0; i < states.size(); i++) {
      near("hidden " + i, states.get(i), tiny.io("sequence.hidden." + i));
    }
    near(
        "last",
        encoder.forward(tiny.ids(), tiny.mask(), tiny.types()),
        states.get(states.size() - 1));
  }

  @Test
  void missingKeysHaveTransformersDefaults() throws IOException {
    JsonNode expected = new JsonMapper().readTree(tiny.file("defaults.json").toFile());
    EncoderConfig c =
        family.config(reader("{\"model_type\": \"" + family.modelType() + "\"}"), true);
    assertThat(c.vocabSize()).isEqualTo(expected.path("vocab_size").asInt());
    assertThat(c.hiddenSize()).isEqualTo(expected.path("hidden_size").asInt());
    assertThat(c.layers()).isEqualTo(expected.path("num_hidden_layers").asInt());
    assertThat(c.heads()).isEqualTo(expected.path("num_attention_heads").asInt());
    assertThat(c.intermediateSize()).isEqualTo(expected.path("intermediate_size").asInt());
    assertThat(c.maxPositions()).isEqualTo(expected.path("max_position_embeddings").asInt());
    assertThat(c.typeVocabSize()).isEqualTo(expected.path("type_vocab_size").asInt(0));
    assertThat(c.embeddingSize()).isEqualTo(expected.path("embedding_size").asInt(c.hiddenSize()));
    assertThat(c.hiddenDropout()).isEqualTo(expected.path("hidden_dropout_prob").asDouble());
    assertThat(c.attentionDropout())
        .isEqualTo(expected.path("attention_probs_dropout_prob").asDouble());
    assertThat(c.dropoutOfClassifier())
        .isEqualTo(expected.path("classifier_dropout").asDouble(c.hiddenDropout()));
    assertThat(c.initializerRange()).isEqualTo(expected.path("initializer_range").asDouble());
    assertThat(c.layerNormEps()).isEqualTo(expected.path("layer_norm_eps").asDouble(1e-12));
    if (c.firstPosition() > 0) {
      assertThat(c.firstPosition()).isEqualTo(expected.path("pad_token_id").asInt() + 1);
    }
  }

  // ---- what peft trains

  private LoraConfig.Builder lora() {
    return LoraConfig.builder()
        .targets(family.attentionTargets().toArray(new String[0]))
        .r(2)
        .alpha(4)
        .taskType("SEQ_CLS");
  }

  @Test
  void trainsAnAdapterAsPeftDoes() throws IOException {
    SequenceClassifier model = sequence();
    AdaptedModel<SequenceClassifier> adapted = PeftModel.of(model, lora().build());
    adapted.load(tiny.adapter());
    List<String> names = new ArrayList<>();
    for (NamedParameter p : adapted.namedParameters()) {
      names.add(
          p.name()
              + " "
              + Arrays.toString(p.parameter().shape().toArray())
              + (p.parameter().trainable() ? " True" : " False"));
    }
    assertThat(names).isEqualTo(Files.readAllLines(tiny.file("adapter.txt")));
    List<NamedParameter> trained =
        adapted.namedParameters().stream().filter(p -> p.parameter().trainable()).toList();
    AdamW optimizer =
        AdamW.builder().lr(1e-2f).eps(1e-2).weightDecay(0.01).build(adapted.trainableParameters());
    adapted.train();
    for (int i = 0; i < 3; i++) {
      Tensor logits = forward(model);
      Tensor loss = model.loss(logits, tiny.io("sequence.target"));
      loss.backward();
      if (i == 0) {
        near("logits", logits, tiny.io("lora.logits"));
        near("loss", loss.reshape(1), tiny.io("lora.loss"));
        for (NamedParameter p : trained) {
          near(p.name(), p.parameter().grad(), tiny.io("lora.grad." + p.name()));
        }
      }
      optimizer.step();
    }
    for (NamedParameter p : trained) {
      Tensor now = Tensor.of(p.parameter().own(), p.parameter().shape());
      near(p.name(), now, tiny.io("lora.step3." + p.name()));
    }
  }

  @Test
  void savesWhatPeftSaves() throws IOException {
    SequenceClassifier model = sequence();
    AdaptedModel<SequenceClassifier> adapted = PeftModel.load(model, tiny.adapter());
    Path saved = temp.resolve("adapter");
    adapted.save(saved);
    Map<String, ?> theirs = AdapterFolder.read(tiny.adapter()).tensors();
    assertThat(AdapterFolder.read(saved).tensors().keySet()).isEqualTo(theirs.keySet());
    adapted.eval();
    SequenceClassifier second = sequence();
    PeftModel.load(second, saved);
    float[] before = forward(model).toFloats();
    assertThat(forward(second).toFloats()).isEqualTo(before);
    adapted.mergeAndUnload();
    assertThat(Tiny.largestDifference(forward(model).toFloats(), before)).isLessThan(TOLERANCE);
  }

  // ---- what holds in itself

  @Test
  void paddingChangesNothing() throws IOException {
    SequenceClassifier model = sequence();
    int length = 9;
    Tensor alone =
        model.forward(
            tiny.ids().slice(0, 1, 2).slice(1, 0, length),
            null,
            tiny.types() == null ? null : tiny.types().slice(0, 1, 2).slice(1, 0, length));
    near("text without its padding", alone, forward(model).slice(0, 1, 2));
  }

  @Test
  void longestTextAndOneTokenMore() throws IOException {
    SequenceClassifier model = sequence();
    int most = model.config().maxTokens();
    long[] ids = new long[most + 1];
    Arrays.fill(ids, 5);
    assertThat(model.forward(Tensor.of(Arrays.copyOf(ids, most), 1, most), null).toFloats())
        .doesNotContain(Float.NaN);
    assertThatThrownBy(() -> model.forward(Tensor.of(ids, 1, most + 1), null))
        .hasMessageContaining(most + 1 + " tokens, but the model has " + most + " positions");
  }

  @Test
  void aBatchsTokenTypesCountWhereTheFamilyHasThem() throws IOException {
    SequenceClassifier model = sequence();
    long[] ones = new long[tiny.ids().shape().size()];
    Arrays.fill(ones, 1);
    Tensor types = Tensor.of(ones, 2, tiny.ids().dim(1));
    TokenBatch batch = new TokenBatch(tiny.ids(), tiny.mask(), types);
    Tensor without = model.forward(tiny.ids(), tiny.mask());
    if (tiny.types() != null) {
      assertThat(model.forward(batch).toFloats())
          .isEqualTo(model.forward(tiny.ids(), tiny.mask(), types).toFloats())
          .isNotEqualTo(without.toFloats());
      return;
    }
    assertThat(model.forward(batch).toFloats()).isEqualTo(without.toFloats());
    assertThatThrownBy(() -> model.forward(tiny.ids(), tiny.mask(), types))
        .hasMessageContaining(
            model.config().typeVocabSize() == 0
                ? "the model has no token types"
                : "token type id 1 at row 0, position 0 is out of range");
  }

  @Test
  void dropoutActsInTrainingOnly() throws IOException {
    EncoderConfig config = sequence().config().toBuilder().dropout(0.2).build();
    SequenceClassifier model =
        Transformers.load(tiny.sequence(), family.sequenceClassifier(config, Init.random(config)));
    near("evaluation", forward(model), expectedLogits());
    model.train();
    float[] first = forward(model).toFloats();
    assertThat(forward(model).toFloats()).isNotEqualTo(first);
    model.eval();
    near("evaluation again", forward(model), expectedLogits());
  }

  @Test
  void attentionInStepsIsAttention() throws IOException {
    EncoderConfig config =
        sequence().config().toBuilder().dropout(0).attentionDropout(1e-9).build();
    SequenceClassifier model =
        Transformers.load(tiny.sequence(), family.sequenceClassifier(config, Init.random(config)));
    model.train();
    near("with dropout that drops nothing", forward(model), expectedLogits());
  }

  @Test
  void newWeightsAreDrawnAsTransformersDrawsThem() throws IOException {
    EncoderConfig config =
        sequence().config().toBuilder().initializerRange(0.05).hiddenSize(32).heads(4).build();
    SequenceClassifier model =
        Rng.with(3, () -> family.sequenceClassifier(config, Init.random(config)));
    for (Map.Entry<String, float[]> e : values(model).entrySet()) {
      boolean norm = e.getKey().toLowerCase(java.util.Locale.ROOT).contains("norm");
      if (e.getKey().endsWith(".bias")) {
        assertThat(e.getValue()).as(e.getKey()).containsOnly(0);
      } else if (norm) {
        assertThat(e.getValue()).as(e.getKey()).containsOnly(1);
      } else {
        double expected = deviation(e.getKey(), config);
        assertThat(deviation(e.getValue()))
            .as(e.getKey())
            .isCloseTo(expected, within(expected * 0.4));
      }
    }
  }
}
