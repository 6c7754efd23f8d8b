package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.lang.model.SourceVersion;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What javac accepts of itself without a warning it accepts with the processor, too, whatever the
 * names are: random models through every javac that is there.
 */
class HostileNamesTest {
  private static final int MODELS = 30;
  private static final Pattern PEFT = Pattern.compile("PEFT\\d{3}");

  @TempDir Path folder;

  /** The models that are left, by the last part of their packages. */
  private int allValid;

  private final Map<String, List<Path>> models = new LinkedHashMap<>();

  private final Map<String, Integer> reported = new TreeMap<>();

  @ParameterizedTest
  @ValueSource(ints = {17, 21, 25})
  void compilesWhateverTheNamesAre(int release) throws IOException {
    var javac = Javac.of(release);
    assumeTrue(javac.isPresent(), "there is no JDK " + release + " here to compile with");
    List<String> pool = pool();
    assertThat(pool)
        .contains("dev", "java", "AdapterSet", "Module", "Init", "Bias", "a", "DEFAULT");
    int rounds = Integer.getInteger("peft4j.attack", 1);
    for (int round = 0; round < rounds; round++) {
      attack(javac.get(), release * 1000L + round, pool);
    }
    assertThat(allValid)
        .as("models without errors of their own")
        .isGreaterThan(rounds * MODELS / 8);
    assertThat(reported.getOrDefault("PEFT019", 0))
        .as("%s", reported)
        .isLessThan(rounds * MODELS / 4);
  }

  private void attack(Javac javac, long seed, List<String> pool) throws IOException {
    Path sources = folder.resolve("src" + seed);
    models.clear();
    List<Path> library = write(sources, HostileModels.LIBRARY);
    var random = new HostileModels(seed, pool);
    for (int i = 0; i < MODELS; i++) {
      models.put("m" + i, write(sources, random.model("m" + i)));
    }
    Path own = folder.resolve("own" + seed);
    // an error in one file can keep the compiler from looking at others
    for (boolean again = true; again; ) {
      again = !drop(compile(javac, library, own, "-proc:none")).isEmpty();
    }
    int valid = models.size();
    allValid += valid;
    Path out = folder.resolve("out" + seed);
    for (int i = 0; ; i++) {
      Map<Path, String> said = compile(javac, library, out, processor());
      Map<Path, String> refused = new LinkedHashMap<>(said);
      refused.values().removeIf(text -> !PEFT.matcher(text).find());
      refused.values().forEach(text -> reported.merge(first(text), 1, Integer::sum));
      said.keySet().removeAll(refused.keySet());
      if (refused.isEmpty()) {
        assertThat(said).as("seed %d%s", seed, shown(said.keySet(), sources)).isEmpty();
        break;
      }
      drop(refused);
    }
    assertThat(models).as("%s", reported).hasSizeGreaterThanOrEqualTo(valid / 2);
    try (Stream<Path> files = Files.walk(out)) {
      assertThat(files.filter(f -> f.toString().endsWith("Peft.java")))
          .hasSizeGreaterThanOrEqualTo(valid / 2);
    }
  }

  private static String first(String text) {
    var id = PEFT.matcher(text);
    return id.find() ? id.group() : "";
  }

  private static String[] processor() {
    return new String[] {
      "-processor",
      PeftProcessor.class.getName(),
      "-processorpath",
      System.getProperty("java.class.path")
    };
  }

  private Map<Path, String> compile(Javac javac, List<Path> library, Path out, String... options) {
    List<Path> all = new ArrayList<>(library);
    models.values().forEach(all::addAll);
    return javac.compile(all, out, Stubs.classPath(), options);
  }

  /** Drops the models that a compiler has something to say of; returns them. */
  private Collection<String> drop(Map<Path, String> said) {
    Collection<String> names = new TreeSet<>();
    said.keySet()
        .forEach(
            file -> names.add(String.valueOf(file.getName(Math.max(0, file.getNameCount() - 2)))));
    names.retainAll(models.keySet());
    assertThat(said.isEmpty() || !names.isEmpty()).as("%s", said).isTrue();
    models.keySet().removeAll(names);
    return names;
  }

  private String shown(Collection<Path> files, Path sources) throws IOException {
    var text = new StringBuilder();
    for (Path file : files) {
      List<Path> model =
          models.getOrDefault(
              file.getName(Math.max(0, file.getNameCount() - 2)).toString(), List.of());
      for (Path each : Stream.concat(model.stream(), Stream.of(file)).distinct().toList()) {
        if (Files.isRegularFile(each)) {
          text.append("\n--- ").append(each).append('\n').append(Files.readString(each));
        }
      }
      if (text.length() > 20_000) {
        break;
      }
    }
    return text.toString();
  }

  private static List<Path> write(Path folder, Map<String, String> files) throws IOException {
    List<Path> written = new ArrayList<>();
    for (Map.Entry<String, String> e : files.entrySet()) {
      Path file = folder.resolve(e.getKey());
      Files.createDirectories(file.getParent());
      Files.writeString(file, e.getValue());
      written.add(file);
    }
    return written;
  }

  /** Every name in generated code that has a bit of everything. */
  private List<String> pool() {
    String code =
        Compilation.in(folder.resolve("pool" + File.separator))
            .source(
                "p/M.java",
                """
                package p;
                import dev.peft4j.annotation.*;
                import dev.peft4j.nn.*;
                import java.util.*;

                @Deprecated
                @Peft(target = {"fc", "q"}, init = Init.GAUSSIAN, bias = Bias.ALL, modulesToSave = "head")
                public class M extends Up {
                  static class Block extends dev.peft4j.nn.Module { Linear q; Linear k; }
                  final Linear fc = new Linear(1, 1);
                  Linear up;
                  final Linear head = fc;
                  final Layer layer = fc;
                  final List<Block> layers = new ArrayList<>();
                  final Map<String, Block> experts = Map.of();
                }
                class Up extends dev.peft4j.nn.Module { @CheckpointName("fc2.q") Linear up; }
                """)
            .compile()
            .generated("p/MPeft.java");
    String ia3 = resource("/golden/NetPeft.java.txt");
    var names = new TreeSet<String>();
    String plain = (code + ia3).replaceAll("(?s)/\\*.*?\\*/|\"[^\"]*\"", " ");
    var word = Pattern.compile("[A-Za-z_]\\w*").matcher(plain);
    while (word.find()) {
      if (!SourceVersion.isKeyword(word.group()) && !word.group().equals("var")) {
        names.add(word.group());
      }
    }
    names.add("String");
    names.add("Object");
    return List.copyOf(names);
  }

  private static String resource(String name) {
    try (var in = HostileNamesTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
