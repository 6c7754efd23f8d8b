package dev.peft4j.generate;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/** The processors of a row in their order. */
public final class LogitsProcessors {
  private static final List<LogitsProcessorKind> KINDS =
      ServiceLoader.load(LogitsProcessorKind.class, LogitsProcessors.class.getClassLoader())
          .stream()
          .map(ServiceLoader.Provider::get)
          .sorted(Comparator.comparingInt(LogitsProcessorKind::place))
          .toList();

  private LogitsProcessors() {}

  /** Returns every kind, in the order in which they act. */
  public static List<LogitsProcessorKind> kinds() {
    return KINDS;
  }

  /**
   * Returns the processors that settings ask for, in transformers' order.
   *
   * @throws IllegalArgumentException if settings do not fit each other
   */
  public static List<LogitsProcessor> of(GenerationConfig config, LogitsProcessorKind.Row row) {
    List<LogitsProcessor> all = new ArrayList<>();
    boolean sampling = config.doSample();
    boolean inserted = false;
    for (LogitsProcessorKind kind : KINDS) {
      if (!inserted && kind.place() >= 200) {
        all.addAll(config.processors()); // those of the caller come before sampling
        inserted = true;
      }
      LogitsProcessor made = kind.sampling() && !sampling ? null : kind.create(config, row);
      if (made != null) {
        all.add(made);
      }
    }
    return List.copyOf(all);
  }
}
