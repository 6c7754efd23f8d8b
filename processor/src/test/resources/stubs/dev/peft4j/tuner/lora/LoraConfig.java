package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import dev.peft4j.tuner.PeftConfig;

/** A stand-in for the runtime's: writes down what it was told. */
public final class LoraConfig implements PeftConfig {
  final String text;
  final TargetSpec targets;

  private LoraConfig(String text, TargetSpec targets) {
    this.text = text;
    this.targets = targets;
  }

  public static Builder builder() {
    return new Builder();
  }

  @Override
  public TargetSpec targets() {
    return targets;
  }

  @Override
  public String toString() {
    return text;
  }

  public static final class Builder {
    private final StringBuilder text = new StringBuilder();
    private final TargetSpec.Builder spec = TargetSpec.builder();

    private Builder say(String name, Object value) {
      text.append(text.length() == 0 ? "" : " ").append(name).append('=').append(value);
      return this;
    }

    public Builder r(int r) {
      return say("r", r);
    }

    public Builder alpha(double alpha) {
      return say("alpha", alpha);
    }

    public Builder dropout(double dropout) {
      return say("dropout", dropout);
    }

    public Builder bias(Bias bias) {
      return say("bias", bias);
    }

    public Builder rslora(boolean rslora) {
      return say("rslora", rslora);
    }

    public Builder dora(boolean dora) {
      return say("dora", dora);
    }

    public Builder loraBias(boolean loraBias) {
      return say("loraBias", loraBias);
    }

    public Builder pissa(int iterations) {
      return say("pissa", iterations);
    }

    public Builder trainableTokens(String embedding, int... ids) {
      return say("tokens " + embedding, java.util.Arrays.toString(ids));
    }

    public Builder trainableTokens(int... ids) {
      return say("tokens", java.util.Arrays.toString(ids));
    }

    public Builder ensureWeightTying(boolean value) {
      return say("ensureWeightTying", value);
    }

    public Builder init(Init init) {
      return say("init", init);
    }

    public Builder targets(String... targets) {
      spec.targets(targets);
      return say("targets", String.join(",", targets));
    }

    public Builder targetRegex(String regex) {
      spec.targetRegex(regex);
      return say("targetRegex", regex);
    }

    public Builder allLinear() {
      spec.allLinear();
      return say("allLinear", true);
    }

    public Builder exclude(String... names) {
      spec.exclude(names);
      return say("exclude", String.join(",", names));
    }

    public Builder excludeRegex(String regex) {
      spec.excludeRegex(regex);
      return say("excludeRegex", regex);
    }

    public Builder modulesToSave(String... names) {
      spec.modulesToSave(names);
      return say("modulesToSave", String.join(",", names));
    }

    public Builder rankPattern(String key, int r) {
      return say("rankPattern", key + ":" + r);
    }

    public Builder alphaPattern(String key, double alpha) {
      return say("alphaPattern", key + ":" + alpha);
    }

    public Builder layers(int... layers) {
      spec.layers(layers);
      return say("layers", java.util.Arrays.toString(layers));
    }

    public Builder layersPattern(String... patterns) {
      spec.layersPattern(patterns);
      return say("layersPattern", String.join(",", patterns));
    }

    public Builder taskType(String type) {
      spec.modulesToSave(TaskTypes.modulesToSave(type).toArray(String[]::new));
      return say("taskType", type);
    }

    public LoraConfig build() {
      return new LoraConfig(text.toString(), spec.build());
    }
  }
}
