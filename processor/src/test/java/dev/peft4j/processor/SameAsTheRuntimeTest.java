package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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
  private static final List<String> LEAVES = List.of("qProj", "vProj", "fc", "fc1", "x");
  private static final List<String> HOLDERS =
      List.of("attn", "mlp", "layers", "blocks", "m", "head");
  private static final List<String> ENDS =
      List.of(
          "q_proj",
          "v_proj",
          "fc",
          "fc1",
          "x",
          "layers.1.q_proj",
          "attn.fc",
          "a.x",
          "mlp.fc1",
          "0.fc");
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
  @ValueSource(longs = {1, 2, 3})
  void attachesTheSame(long seed, @TempDir Path folder) {
    var random = new Random(seed);
    Compilation compilation = Compilation.in(folder);
    List<String> models = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      classes.setLength(0);
      count = 0;
      String body = body(random, 2);
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
    assertThat(models).hasSizeGreaterThan(5);
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
    var out = new StringBuilder("    final LayerNorm norm = new LayerNorm(1);\n");
    for (String name : chosen(random, LEAVES)) {
      String type = random.nextInt(4) == 0 ? "Embedding" : "Linear";
      out.append("    final ")
          .append(field(random, name, type, "new " + type + "(1, 1)"))
          .append(";\n");
    }
    for (String name : depth == 0 ? List.<String>of() : chosen(random, HOLDERS)) {
      String type = "C" + count++;
      String body = body(random, depth - 1);
      classes.append("    static class %s extends Module {\n%s    }\n".formatted(type, body));
      out.append("    final ")
          .append(field(random, name, type, "new " + type + "()"))
          .append(";\n");
    }
    return out.toString();
  }

  private static List<String> chosen(Random random, List<String> names) {
    List<String> shuffled = new ArrayList<>(names);
    Collections.shuffle(shuffled, random);
    return shuffled.subList(0, 1 + random.nextInt(3));
  }

  private static String field(Random random, String name, String type, String value) {
    return switch (random.nextInt(9)) {
      case 0, 1 -> "List<%s> %s = List.of(%s, %s, %s)".formatted(type, name, value, value, value);
      case 2 ->
          "Map<String, %s> %s = new TreeMap<>(Map.of(\"a\", %s, \"fc\", %s))"
              .formatted(type, name, value, value);
      case 3 -> "Module %s = %s".formatted(name, value);
      case 4 -> "%s %s = %s".formatted(type.startsWith("C") ? type : "Layer", name, value);
      default -> "%s %s = %s".formatted(type, name, value);
    };
  }
}
