package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random models and configurations: the written class attaches just what the runtime's rules find
 * in the model itself.
 */
class SameAsTheRuntimeTest {
  private static final List<String> NAMES =
      List.of(
          "qProj", "vProj", "fc", "fc1", "attn", "mlp", "layers", "blocks", "head", "norm", "x");
  private static final List<String> ENDS =
      List.of(
          "q_proj",
          "v_proj",
          "fc",
          "fc1",
          "head",
          "0.fc",
          "layers.1.q_proj",
          "attn.fc",
          "a.x",
          "x",
          "mlp.fc1",
          "b.q_proj");
  private static final List<String> REGEXES =
      List.of(
          ".*fc1?",
          ".*\\\\.(q|v)_proj",
          ".*\\\\.[01]\\\\..*(fc|x)",
          "(.*\\\\.)?x",
          ".*(a|b)\\\\..*proj",
          ".*[^m]");

  private final StringBuilder classes = new StringBuilder();
  private int count;

  @ParameterizedTest
  @ValueSource(longs = {1, 6, 7, 9})
  void attachesTheSame(long seed, @TempDir Path folder) {
    var random = new Random(seed);
    Compilation compilation = Compilation.in(folder);
    List<String> models = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      classes.setLength(0);
      count = 0;
      String body = body(random, 3);
      String name = "M" + i;
      String source =
          """
          package p;

          import dev.peft4j.annotation.*;
          import dev.peft4j.nn.*;
          import dev.peft4j.nn.Module;
          import java.util.*;

          %s
          public class %s extends Module {
          %s%s
              public static Object run() {
                  try {
                      var adapters = new %sPeft().adapters();
                      var a = adapters.attachments.get("default");
                      if (adapters.log.toString().contains("late")) return "late: " + adapters.log;
                      return a.done().equals(a.expected()) ? "same" : a.done() + " but " + a.expected();
                  } catch (IllegalStateException | IllegalArgumentException e) {
                      return "refused";
                  }
              }
          }
          """
              .formatted(annotation(random), name, classes, body, name);
      // a configuration that fits nothing is an error, as it is to be: those that do not compile
      // are left out
      if (Compilation.in(folder.resolve(name))
          .source("p/" + name + ".java", source)
          .compile()
          .success()) {
        compilation.source("p/" + name + ".java", source);
        models.add(name);
      }
    }
    assertThat(models).hasSizeGreaterThan(2);
    compilation.compile();
    assertThat(compilation.success()).isTrue();
    for (String name : models) {
      assertThat(compilation.call("p." + name, "run"))
          .as("%s in %s", name, folder)
          .isIn("same", "refused");
    }
  }

  private static String annotation(Random random) {
    String target =
        switch (random.nextInt(5)) {
          case 0 -> "target = \"all-linear\"";
          case 1 -> "targetRegex = \"" + pick(random, REGEXES) + "\"";
          default -> "target = {" + some(random, ENDS, 2) + "}";
        };
    String layers =
        target.startsWith("target = {") && random.nextInt(4) == 0
            ? ", layers = {0, 2}"
                + (random.nextBoolean() ? ", layersPattern = {\"layers\", \"blocks\"}" : "")
            : "";
    String exclude =
        switch (random.nextInt(5)) {
          case 0 -> ", exclude = {" + some(random, ENDS, 2) + "}";
          case 1 -> ", excludeRegex = \"" + pick(random, REGEXES) + "\"";
          default -> "";
        };
    String saved =
        random.nextInt(4) == 0
            ? ", modulesToSave = {"
                + some(random, List.of("head", "mlp", "0.attn", "norm"), 1)
                + "}"
            : "";
    return "@Peft(" + target + layers + exclude + saved + ")";
  }

  private static String some(Random random, List<String> from, int most) {
    return String.join(
        ", ",
        IntStream.rangeClosed(0, random.nextInt(most))
            .mapToObj(i -> '"' + pick(random, from) + '"')
            .distinct()
            .toList());
  }

  private static <T> T pick(Random random, List<T> from) {
    return from.get(random.nextInt(from.size()));
  }

  /** The fields of a class, and the classes that they need. */
  private String body(Random random, int depth) {
    var out = new StringBuilder();
    List<String> names = new ArrayList<>(NAMES);
    java.util.Collections.shuffle(names, random);
    for (String name : names.subList(0, 2 + random.nextInt(4))) {
      out.append("    final ").append(field(random, name, depth)).append(";\n");
    }
    return out.toString();
  }

  private String field(Random random, String name, int depth) {
    String type = type(random, depth);
    String value =
        "new "
            + type
            + (type.startsWith("C") && Character.isDigit(type.charAt(1))
                ? "()"
                : type.equals("LayerNorm") ? "(1)" : "(1, 1)");
    return switch (random.nextInt(8)) {
      case 0 -> "List<%s> %s = List.of(%s, %s, %s)".formatted(type, name, value, value, value);
      case 1 ->
          "Map<String, %s> %s = new TreeMap<>(Map.of(\"a\", %s, \"fc\", %s))"
              .formatted(type, name, value, value);
      case 2 -> "Module %s = %s".formatted(name, value);
      case 3 ->
          type.equals("Linear")
              ? "Layer %s = %s".formatted(name, value)
              : "%s %s = %s".formatted(type, name, value);
      default -> "%s %s = %s".formatted(type, name, value);
    };
  }

  private String type(Random random, int depth) {
    if (depth == 0 || random.nextInt(3) == 0) {
      return pick(random, List.of("Linear", "Linear", "Linear", "Embedding", "LayerNorm"));
    }
    String name = "C" + count++;
    String body = body(random, depth - 1);
    classes.append("    static class %s extends Module {\n%s    }\n".formatted(name, body));
    return name;
  }
}
