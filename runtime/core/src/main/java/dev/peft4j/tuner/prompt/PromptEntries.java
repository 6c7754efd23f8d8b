package dev.peft4j.tuner.prompt;

import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tuner.TunerLayer.Entry;
import java.util.ArrayList;
import java.util.List;

/** Lists of parameters under peft's names. */
public final class PromptEntries {
  private PromptEntries() {}

  /**
   * Returns a parameter.
   *
   * @param name what peft calls it behind the adapter's name
   */
  public static Entry of(String name, Parameter parameter) {
    return PromptLayer.entry(name, parameter);
  }

  /**
   * Returns the parameters of a module.
   *
   * @param name what peft calls it behind the adapter's name
   */
  public static List<Entry> of(String name, Module module) {
    List<Entry> all = new ArrayList<>();
    module.ownParameters().forEach((own, p) -> all.add(of(name + "." + own, p)));
    return all;
  }
}
