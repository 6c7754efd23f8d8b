package dev.peft4j.tuner.ia3;

import dev.peft4j.annotation.Init;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.target.TaskTypes;
import dev.peft4j.tuner.PeftConfig;

/** A stand-in for the runtime's: writes down what it was told. */
public record Ia3Config(String text, TargetSpec targets) implements PeftConfig {
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String toString() {
    return text;
  }

  public static final class Builder {
    private final StringBuilder text = new StringBuilder("IA3");
    private final TargetSpec.Builder spec = TargetSpec.builder();

    private Builder say(String name, Object value) {
      text.append(' ').append(name).append('=').append(value);
      return this;
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

    public Builder feedforward(String... names) {
      return say("feedforward", String.join(",", names));
    }

    public Builder feedforwardRegex(String regex) {
      return say("feedforwardRegex", regex);
    }

    public Builder init(Init value) {
      return say("init", value);
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

    public Builder taskType(String type) {
      spec.modulesToSave(TaskTypes.modulesToSave(type).toArray(String[]::new));
      return say("taskType", type);
    }

    public Ia3Config build() {
      return new Ia3Config(text.toString(), spec.build());
    }
  }
}
