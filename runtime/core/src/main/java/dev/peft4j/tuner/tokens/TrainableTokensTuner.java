package dev.peft4j.tuner.tokens;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.ExtraTargets;
import dev.peft4j.tuner.TargetFields;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.io.IOException;
import java.lang.annotation.Annotation;
import java.util.List;
import java.util.Map;

/**
 * Trains a few rows of an embedding, peft's {@code TRAINABLE_TOKENS}: for k token ids a table (k,
 * dim) stands for the rows of those ids, in the embedding and in an output layer that holds the
 * same weight. LoRA trains them beside its own layers, see {@link TokenRows#besides}.
 */
@AutoService(Tuner.class)
public final class TrainableTokensTuner implements Tuner<TrainableTokensConfig> {
  /** Creates it for {@link java.util.ServiceLoader}. */
  public TrainableTokensTuner() {}

  @Override
  public String peftType() {
    return TrainableTokensConfig.PEFT_TYPE;
  }

  @Override
  public Class<TrainableTokensConfig> configType() {
    return TrainableTokensConfig.class;
  }

  @Override
  public Class<? extends Annotation> annotation() {
    return TrainTokens.class;
  }

  @Override
  public String layerType(Module layer) {
    return "TrainableTokensLayer";
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return List.of(Embedding.class, Linear.class);
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, TrainableTokensConfig config, TunerContext context) {
    Rng drawn = config.initWeights() ? null : context.rng();
    return TokenRows.of(path, layer, config.tokens(), drawn, "");
  }

  /** Returns the model's input embedding if there are no targets. */
  @Override
  public ExtraTargets extraTargets(TrainableTokensConfig config, Module root) {
    TargetSpec targets = config.targets();
    boolean named = !targets.targets().isEmpty() || targets.targetRegex() != null;
    return named ? ExtraTargets.NONE : TokenRows.targets(List.of(TokenRows.inputEmbedding(root)));
  }

  /** Returns none: peft's settings have no modules to save here. */
  @Override
  public List<String> modulesToSave(TrainableTokensConfig config) {
    return List.of();
  }

  // ---- the file

  private static ObjectNode defaults() {
    ObjectNode tree = PeftFormat.defaults(TrainableTokensConfig.PEFT_TYPE);
    tree.put("init_weights", true);
    tree.putNull("target_modules");
    tree.putArray("token_indices");
    return tree;
  }

  @Override
  public TrainableTokensConfig read(AdapterConfig file) throws IOException {
    file.warnUnknownKeys(defaults().properties().stream().map(Map.Entry::getKey).toList());
    TargetFields fields = TargetFields.read(file);
    List<Integer> ids = file.indices("token_indices");
    return file.checked(
        () ->
            new TrainableTokensConfig(
                ids == null ? List.of() : ids,
                file.flag("init_weights", true),
                fields.targets(),
                fields.taskType(),
                fields.baseModel()));
  }

  @Override
  public ObjectNode write(TrainableTokensConfig c) {
    ObjectNode tree = defaults();
    tree.put("init_weights", c.initWeights());
    ArrayNode ids = tree.putArray("token_indices");
    c.tokens().forEach(ids::add);
    TargetFields.write(c, tree);
    return tree;
  }

  @Override
  public void requireSame(String path, TrainableTokensConfig present, TrainableTokensConfig file) {
    List<Integer> here = present.tokens();
    List<Integer> there = file.tokens();
    if (!here.equals(there)) {
      throw new IllegalArgumentException(
          "the adapter in the file trains the tokens "
              + there
              + " of '"
              + path
              + "', this model "
              + here);
    }
  }
}
