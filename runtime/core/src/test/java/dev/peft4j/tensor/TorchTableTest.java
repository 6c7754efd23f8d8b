package dev.peft4j.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.graph.Node;
import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.optim.Plateau;
import dev.peft4j.optim.Schedule;
import dev.peft4j.train.TrainingSettings;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/tensors.md against the public methods and classes: nothing is missing, nothing made up. */
class TorchTableTest {
  /** What every tensor has, which is no operation of torch's or is in the text. */
  private static final Set<String> PLUMBING =
      Set.of(
          "node",
          "storage",
          "shape",
          "dim",
          "dtype",
          "apply",
          "toString",
          "retain",
          "backward",
          "of",
          "equals",
          "hashCode",
          "self",
          "constant",
          "description",
          "factor");

  private static final Pattern CODE = Pattern.compile("`([^`]+)`");
  private static final Pattern CALL = Pattern.compile("(?:\\b[A-Za-z]\\w*\\.)?\\b([a-z]\\w*)\\(");

  private static String page() throws IOException {
    Path at = Path.of("").toAbsolutePath();
    while (at != null && !Files.exists(at.resolve("docs/tensors.md"))) {
      at = at.getParent();
    }
    return Files.readString(at.resolve("docs/tensors.md"));
  }

  private static Set<String> words(String text) {
    Set<String> words = new TreeSet<>();
    Matcher m = Pattern.compile("\\w+").matcher(text);
    while (m.find()) {
      words.add(m.group());
    }
    return words;
  }

  private static Stream<String> methods(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .filter(m -> m.getDeclaringClass() != Object.class && !m.isSynthetic())
        .filter(m -> !m.isAnnotationPresent(Deprecated.class) && !takesNode(m))
        .map(Method::getName);
  }

  private static boolean takesNode(Method m) {
    return Arrays.asList(m.getParameterTypes()).contains(Node.class);
  }

  private static List<Class<?>> classes(String name) throws IOException {
    Path folder =
        Path.of(Module.class.getProtectionDomain().getCodeSource().getLocation().getPath());
    try (Stream<Path> files = Files.list(folder.resolve("dev/peft4j/" + name))) {
      return files
          .map(f -> f.getFileName().toString())
          .filter(f -> f.endsWith(".class") && !f.contains("$") && !f.contains("-"))
          .<Class<?>>map(f -> load("dev.peft4j." + name + "." + f.replace(".class", "")))
          .filter(c -> Modifier.isPublic(c.getModifiers()))
          .toList();
    }
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void nothingPublicIsMissing() throws IOException {
    Set<String> words = words(page());
    Set<String> wanted = new TreeSet<>();
    methods(Tensor.class).forEach(wanted::add);
    methods(Schedule.class).forEach(wanted::add);
    for (Class<?> c : classes("nn")) {
      boolean layer = Module.class.isAssignableFrom(c) && !ModelSlot.class.isAssignableFrom(c);
      if (layer && !Modifier.isAbstract(c.getModifiers())) {
        wanted.add(c.getSimpleName());
      }
    }
    for (Class<?> c : classes("optim")) {
      if (Optimizer.class.isAssignableFrom(c) && !Modifier.isAbstract(c.getModifiers())) {
        wanted.add(c.getSimpleName());
      }
    }
    wanted.removeAll(PLUMBING);
    wanted.removeAll(words);
    assertThat(wanted).as("public, but not in docs/tensors.md").isEmpty();
  }

  @Test
  void nothingIsMadeUp() throws IOException {
    Set<String> there = new TreeSet<>();
    for (String name : List.of("tensor", "nn", "optim", "metrics")) {
      for (Class<?> c : classes(name)) {
        there.add(c.getSimpleName());
        Arrays.stream(c.getMethods()).map(Method::getName).forEach(there::add);
      }
    }
    for (Class<?> c :
        List.of(AdamW.Builder.class, Plateau.State.class, TrainingSettings.Builder.class)) {
      methods(c).forEach(there::add);
    }
    Set<String> madeUp = new TreeSet<>();
    for (String row : page().split("\n")) {
      String[] cells = row.split("(?<!\\\\)\\|(?![^`]*`(?:[^`]*`[^`]*`)*[^`]*$)");
      if (!row.startsWith("|") || cells.length < 3) {
        continue;
      }
      Matcher code = CODE.matcher(cells[cells.length - 1]);
      while (code.find()) {
        Matcher call = CALL.matcher(code.group(1));
        while (call.find()) {
          if (!there.contains(call.group(1))) {
            madeUp.add(call.group(1) + " in " + row);
          }
        }
      }
    }
    assertThat(madeUp).isEmpty();
  }
}
