package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process ends after any operation of a save: what was saved before is there, or what is saved
 * now, and never something of both.
 */
class SaveCrashTest {
  private static final List<String> FILES =
      List.of(
          "README.md",
          "adapter_config.json",
          "adapter_model.safetensors",
          "labels.json",
          "other/adapter_config.json",
          "other/adapter_model.safetensors");

  /** Two layers to adapt. */
  private static final class Net extends Module {
    final Linear q = new Linear(4, 4);
    final Linear k = new Linear(4, 4);
  }

  @TempDir Path folder;

  private final Map<Integer, AdaptedModel<Net>> models = new TreeMap<>();

  private static AdaptedModel<Net> newModel(int alpha) {
    AdaptedModel<Net> m =
        Rng.with(
            alpha,
            () ->
                PeftModel.of(
                    new Net(), LoraConfig.builder().targets("q").r(2).alpha(alpha).build()));
    Rng.with(
        alpha + 1,
        () -> {
          m.adapters()
              .addMatching(
                  "other", LoraConfig.builder().targets("k").r(3).alpha(alpha + 1).build());
          return true;
        });
    return m;
  }

  /** Saves two adapters and the names of labels. */
  private void save(int alpha) throws IOException {
    AdaptedModel<Net> m = models.computeIfAbsent(alpha, SaveCrashTest::newModel);
    AtomicFiles.Work all =
        () -> {
          m.save(folder);
          AtomicFiles.write(folder.resolve("labels.json"), "{\"labels\": [\"" + alpha + "\"]}");
        };
    if (FileOps.TESTED.isBound()) {
      AtomicFiles.together(folder, all);
    } else {
      CrashingOps.survives(CrashingOps.never(), () -> AtomicFiles.together(folder, all));
    }
  }

  /** What readers find. */
  private Map<String, String> content() throws IOException {
    Map<String, String> found = new TreeMap<>();
    for (String name : FILES) {
      Path at = AtomicFiles.current(folder.resolve(name));
      found.put(
          name,
          Files.exists(at)
              ? new String(Files.readAllBytes(at), java.nio.charset.StandardCharsets.ISO_8859_1)
              : "none");
    }
    return found;
  }

  private List<String> names() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile)
          .map(f -> folder.relativize(f).toString().replace('\\', '/'))
          .sorted()
          .toList();
    }
  }

  private void empty() throws IOException {
    FileOps.current().deleteTree(folder);
    Files.createDirectories(folder.resolve("other"));
    Files.writeString(folder.resolve("notes.txt"), "mine");
    Files.writeString(folder.resolve("other/notes.txt"), "mine too");
    Files.writeString(folder.resolve(".adapter_config.json.1234567890abcdef.tmp"), "mine as well");
  }

  private static final List<String> USERS =
      List.of(".adapter_config.json.1234567890abcdef.tmp", "notes.txt", "other/notes.txt");

  private List<String> whole() {
    return Stream.concat(FILES.stream(), USERS.stream()).sorted().toList();
  }

  /** What peft would read: whole, or nothing. */
  private void assertNoMixForOthers(Map<String, String> before, Map<String, String> after)
      throws IOException {
    for (String in : List.of("", "other/")) {
      Path config = folder.resolve(in + "adapter_config.json");
      Path weights = folder.resolve(in + "adapter_model.safetensors");
      if (Files.exists(config) && Files.exists(weights)) {
        String settings = Files.readString(config);
        String values = Files.readString(weights, java.nio.charset.StandardCharsets.ISO_8859_1);
        boolean old =
            settings.equals(before.get(in + "adapter_config.json"))
                && values.equals(before.get(in + "adapter_model.safetensors"));
        boolean now =
            settings.equals(after.get(in + "adapter_config.json"))
                && values.equals(after.get(in + "adapter_model.safetensors"));
        assertThat(old || now).isTrue();
      }
    }
  }

  @Test
  void aProcessThatEndsAnywhereLeavesOldOrNew() throws Exception {
    empty();
    save(2);
    Map<String, String> before = content();
    save(32);
    Map<String, String> after = content();
    assertThat(names()).isEqualTo(whole());
    int olds = 0;
    int news = 0;
    boolean survived = false;
    int step = Attack.rounds(1) > 1 ? 1 : 2;
    for (int n = 0; !survived; n += step) {
      empty();
      save(2);
      survived = CrashingOps.survives(new CrashingOps(n), () -> save(32));
      Map<String, String> found = content();
      assertThat(found).as("after " + n + " operations").isIn(before, after);
      olds += found.equals(before) ? 1 : 0;
      news += found.equals(after) ? 1 : 0;
      assertNoMixForOthers(before, after);
      if (n / step % 2 == 0) {
        // readers finish what was committed
        float alpha = (float) AdapterFolder.read(folder).config().number("lora_alpha", 0);
        assertThat(alpha).isEqualTo(found.equals(before) ? 2 : 32);
        AdapterFolder.read(folder.resolve("other"));
        assertThat(content()).isEqualTo(found);
        assertNoMixForOthers(before, after);
      }
      save(2);
      assertThat(content()).isEqualTo(before);
      assertThat(names()).as("after " + n + " operations").isEqualTo(whole());
    }
    assertThat(olds).isGreaterThan(10);
    assertThat(news).isGreaterThan(10);
  }

  @Test
  void aProcessThatEndsInTheMiddleOfTidyingUpChangesNothingEither() throws Exception {
    empty();
    save(2);
    Map<String, String> before = content();
    save(32);
    Map<String, String> after = content();
    for (int n = 5; n < 90; n += Attack.rounds(1) > 1 ? 1 : 13) {
      boolean survived = false;
      for (int second = 0; !survived; second++) {
        empty();
        save(2);
        if (CrashingOps.survives(new CrashingOps(n), () -> save(32))) {
          break;
        }
        Map<String, String> found = content();
        survived = CrashingOps.survives(new CrashingOps(second), () -> AtomicFolder.clean(folder));
        assertThat(content()).as(n + ", " + second).isEqualTo(found).isIn(before, after);
        assertNoMixForOthers(before, after);
        save(32);
        assertThat(content()).isEqualTo(after);
        assertThat(names()).as(n + ", " + second).isEqualTo(whole());
      }
    }
  }

  @Test
  void theFirstSaveIsThereAsAWholeOrNotAtAll() throws Exception {
    empty();
    Map<String, String> before = content();
    save(32);
    Map<String, String> after = content();
    boolean survived = false;
    for (int n = 0; !survived; n++) {
      empty();
      survived = CrashingOps.survives(new CrashingOps(n), () -> save(32));
      assertThat(content()).as("after " + n + " operations").isIn(before, after);
      save(32);
      assertThat(names()).isEqualTo(whole());
    }
  }

  /** A disk on which the n-th rename fails, and perhaps all further ones. */
  private static final class FailingMoves extends FileOps {
    private int left;
    private final boolean forEver;

    FailingMoves(int left, boolean forEver) {
      this.left = left;
      this.forEver = forEver;
    }

    @Override
    void move(Path from, Path to) throws IOException {
      if (left-- == 0 || forEver && left < 0) {
        throw new IOException("Operation not permitted");
      }
      super.move(from, to);
    }
  }

  @Test
  void aRenameThatFailsPutsTheOthersBack() throws Exception {
    for (boolean forEver : new boolean[] {false, true}) {
      int failures = 0;
      for (int n = 0; ; n++) {
        empty();
        save(2);
        Map<String, String> before = content();
        FailingMoves ops = new FailingMoves(n, forEver);
        if (n >= 11) {
          assertThat(CrashingOps.survives(ops, () -> save(32))).isTrue();
          break;
        }
        failures++;
        assertThatThrownBy(() -> CrashingOps.survives(ops, () -> save(32)))
            .satisfiesAnyOf(
                e -> assertThat(e).isInstanceOf(IOException.class),
                e -> assertThat(e).isInstanceOf(UncheckedIOException.class))
            .hasMessageContaining("operation not permitted; existing files are unchanged");
        if (!forEver || n == 0) {
          assertThat(names()).as("rename " + n).isEqualTo(whole());
          assertThat(content()).as("rename " + n).isEqualTo(before);
        } else {
          // not even the way back: the record says which of them count
          assertThat(content()).as("rename " + n).isNotNull();
        }
        save(2);
        assertThat(content()).isEqualTo(before);
        assertThat(names()).isEqualTo(whole());
      }
      assertThat(failures).isGreaterThan(5);
    }
  }

  @Test
  void aFolderThatReplacesAnotherIsThereAsAWhole() throws Exception {
    Path target = folder.resolve("run/checkpoint-3");
    AtomicFiles.Work replace =
        () ->
            AtomicFolder.write(
                target,
                f -> {
                  AtomicFiles.write(f.resolve("a"), "new a");
                  AtomicFiles.write(f.resolve("below/b"), "new b");
                });
    boolean survived = false;
    for (int n = 0; !survived; n++) {
      FileOps.current().deleteTree(folder.resolve("run"));
      Files.createDirectories(target);
      Files.createDirectories(folder.resolve("run/.venv.3.tmp"));
      Files.writeString(target.resolve("a"), "old a");
      Files.writeString(target.resolve("c"), "old c");
      survived = CrashingOps.survives(new CrashingOps(n), replace);
      AtomicFolder.clean(folder.resolve("run"));
      List<String> found = TestFiles.listing(folder.resolve("run"));
      if (Files.exists(target.resolve("c"))) {
        assertThat(found)
            .containsExactly(".venv.3.tmp/", "checkpoint-3/", "checkpoint-3/a", "checkpoint-3/c");
        assertThat(target.resolve("a")).hasContent("old a");
        assertThat(survived).isFalse();
      } else {
        assertThat(found)
            .containsExactly(
                ".venv.3.tmp/",
                "checkpoint-3/",
                "checkpoint-3/a",
                "checkpoint-3/below/",
                "checkpoint-3/below/b");
        assertThat(target.resolve("a")).hasContent("new a");
      }
    }
  }

  @Test
  void aFolderIsRemovedAsAWhole() throws Exception {
    Path target = folder.resolve("checkpoint-3");
    boolean survived = false;
    for (int n = 0; !survived; n++) {
      Files.createDirectories(target.resolve("below"));
      Files.writeString(target.resolve("a"), "a");
      Files.writeString(target.resolve("below/b"), "b");
      survived = CrashingOps.survives(new CrashingOps(n), () -> AtomicFolder.delete(target));
      AtomicFolder.clean(folder);
      assertThat(TestFiles.listing(folder))
          .isIn(
              List.of(),
              List.of(
                  "checkpoint-3/",
                  "checkpoint-3/a",
                  "checkpoint-3/below/",
                  "checkpoint-3/below/b"));
    }
    assertThat(TestFiles.listing(folder)).isEmpty();
  }
}
