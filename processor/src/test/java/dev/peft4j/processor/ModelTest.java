package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

/**
 * What tests of models have in common: models {@code p.M} that are compiled, made and asked what
 * they were told.
 */
abstract class ModelTest {
  static final String HEADER =
      """
      package p;

      import dev.peft4j.annotation.*;
      import dev.peft4j.nn.*;
      import dev.peft4j.nn.Module;
      import java.util.*;

      """;

  @TempDir Path folder;

  /** As {@link #log(String)} for what is found at run time only, of which there may be warnings. */
  List<?> logDespiteWarnings(String source) {
    Compilation compilation =
        Compilation.in(folder).source("p/M.java", HEADER + withRun(source)).compile();
    assertThat(compilation.success()).as("%s", compilation.diagnostics()).isTrue();
    return log(compilation);
  }

  static String withRun(String source) {
    return source.replaceFirst(
        "\\}\\s*$", "    public static Object run() { return new MPeft().adapters().log; }\n}\n");
  }

  Compilation compile(String source) {
    return Compilation.in(folder).source("p/M.java", HEADER + source).clean();
  }

  /** What {@code new MPeft()} was told, after checking that nothing was left for the end. */
  List<?> log(String source) {
    return log(compile(withRun(source)));
  }

  static List<?> log(Compilation compilation) {
    List<?> log = (List<?>) compilation.call("p.M", "run");
    assertThat(log).isNotNull();
    assertThat(log).noneMatch(line -> line.toString().startsWith("late"));
    return log.subList(1, log.size());
  }
}
