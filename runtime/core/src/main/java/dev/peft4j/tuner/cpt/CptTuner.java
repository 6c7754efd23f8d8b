package dev.peft4j.tuner.cpt;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.google.auto.service.AutoService;
import dev.peft4j.data.DType;
import dev.peft4j.data.Storage;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.cpt.CptConfig.Builder;
import dev.peft4j.tuner.prompt.PromptTuner;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Context-aware prompt tuning (Blau et al. 2024), peft's {@code CPT}: the tokens of some examples
 * stand in front of each text. Their embeddings are frozen; a change of them is trained, whose rows
 * are kept below a bound: {@code epsilon}·√(hidden / 2048) for inputs, {@code formatEpsilon} of it
 * for templates, nothing for labels. The labels of the examples count in the loss, and those of the
 * text as a further example. A file has the sum of both, (tokens, hidden); the change starts at
 * zero again when it is loaded.
 */
@AutoService(Tuner.class)
public final class CptTuner extends PromptTuner<CptConfig> {
  /** peft's name. */
  public static final String PEFT_TYPE = "CPT";

  private static final String LOSS = "opt_weighted_loss_type";
  private static final String EMBEDDINGS = "prompt_embeddings";
  private static final String CHANGE = "prompt_encoder." + CptLayer.CHANGE;

  private static final SettingsFile<CptConfig, Builder> FILE =
      integers(
              integers(
                  integers(
                      file(SettingsFile.of(PEFT_TYPE, CptConfig.class, CptConfig::builder)),
                      "cpt_token_ids",
                      CptConfig::tokenIds,
                      Builder::tokenIds),
                  "cpt_mask",
                  CptConfig::mask,
                  Builder::mask),
              "cpt_tokens_type_mask",
              CptConfig::typeMask,
              Builder::typeMask)
          .setting(
              LOSS,
              TextNode.valueOf("none"),
              (f, b) -> b.decay(f.choice(LOSS, "none", List.of("none", "decay")).equals("decay")),
              c -> TextNode.valueOf(c.decay() ? "decay" : "none"),
              false)
          .decimalAtStart("opt_loss_decay_factor", 1, CptConfig::decayFactor, Builder::decayFactor)
          .decimalAtStart("opt_projection_epsilon", 0.1, CptConfig::epsilon, Builder::epsilon)
          .decimalAtStart(
              "opt_projection_format_epsilon",
              0.1,
              CptConfig::formatEpsilon,
              Builder::formatEpsilon)
          .ignored("tokenizer_name_or_path", NullNode.instance);

  private interface Get {
    List<Integer> of(CptConfig config);
  }

  private interface Set2 {
    Builder of(Builder builder, int... values);
  }

  private static SettingsFile<CptConfig, Builder> integers(
      SettingsFile<CptConfig, Builder> file, String key, Get get, Set2 set) {
    return file.setting(
        key,
        NullNode.instance,
        (f, b) -> {
          List<Integer> values = f.integers(key);
          if (values != null) {
            set.of(b, values.stream().mapToInt(Integer::intValue).toArray());
          }
        },
        c -> array(get.of(c)),
        false);
  }

  private static JsonNode array(List<Integer> values) {
    ArrayNode array = JsonNodeFactory.instance.arrayNode();
    values.forEach(array::add);
    return array;
  }

  /** Creates it for {@link java.util.ServiceLoader}. */
  public CptTuner() {
    super(
        CptConfig.class,
        Cpt.class,
        FILE,
        Set.of(ModelSlot.Kind.INPUTS, ModelSlot.Kind.LABELS, ModelSlot.Kind.LABEL_WEIGHTS));
  }

  @Override
  protected TunerLayer layer(ModelSlot slot, CptConfig config, TunerContext context) {
    return slot.kind() == ModelSlot.Kind.INPUTS
        ? new CptLayer(slot.model(), config)
        : new CptLabels(slot.kind(), config);
  }

  /** Adds the change to what a file has: none. */
  @Override
  public SequencedMap<String, StoredTensor> loaded(
      CptConfig config, SequencedMap<String, StoredTensor> tensors) {
    if (tensors.containsKey(CHANGE) || !tensors.containsKey(EMBEDDINGS)) {
      return tensors;
    }
    SequencedMap<String, StoredTensor> all = new LinkedHashMap<>(tensors);
    StoredTensor words = Objects.requireNonNull(tensors.get(EMBEDDINGS));
    all.put(
        CHANGE,
        new StoredTensor(words.shape(), Storage.allocate(DType.FLOAT32, words.shape().elements())));
    return all;
  }
}
