package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.optim.AdamW;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run's folder: whose it is, and what in it is touched. */
class CheckpointFolderTest {
  @TempDir Path folder;

  private static TrainingSettings settings(long steps) {
    return TrainingSettings.builder().steps(steps).checkpoint(Every.steps(1)).keep(2).build();
  }

  private Trainer<TinyRun.Batch> trainer(long steps, Path at) {
    return new TinyRun(7).trainer(settings(steps)).checkpoints(at);
  }

  private static List<String> files(Path top) throws IOException {
    try (Stream<Path> all = Files.walk(top)) {
      return all.filter(f -> !Files.isDirectory(f, java.nio.file.LinkOption.NOFOLLOW_LINKS))
          .map(f -> top.relativize(f).toString().replace('\\', '/'))
          .sorted()
          .toList();
    }
  }

  private void put(String file) throws IOException {
    Path at = folder.resolve(file);
    Files.createDirectories(at.getParent());
    Files.writeString(at, file);
  }

  @Test
  void whatOnlyHasSuchANameIsNeverTouched() throws Exception {
    List<String> mine =
        List.of(
            ".notes.2024.old/a",
            "notes/b",
            ".venv.3.tmp/c",
            ".data.20240101.old/d",
            ".checkpoint-7.12ab.tmp/e",
            ".checkpoint-1.0123456789abcdef.del/f",
            ".checkpoint-9.0123456789abcdef.old/training_state.json",
            ".peft4j-0123456789abcdef.save",
            ".adapter_config.json.0123456789abcdef.tmp",
            "checkpoint-x/g",
            "checkpoint-007/h");
    for (String file : mine) {
      put(file);
    }
    trainer(3, folder).run();
    trainer(5, folder).resume();
    for (String file : mine) {
      assertThat(folder.resolve(file)).hasContent(file);
    }
    assertThat(folder.resolve("data")).doesNotExist();
    assertThat(Checkpoint.list(folder).stream().map(Checkpoint::step)).containsExactly(5L, 4L);
  }

  @Test
  void onlyOwnCheckpointsGoAndAreReplaced() throws Exception {
    trainer(3, folder).run(); // leaves 2 and 3
    put("checkpoint-1/trainer_state.json"); // another program's
    put("checkpoint-0/model.bin");
    put("checkpoint-5/precious.txt");
    Files.createSymbolicLink(folder.resolve("checkpoint-6"), folder.resolve("checkpoint-1"));
    put("checkpoint-2/my-notes.txt");
    trainer(7, folder).resume();
    assertThat(folder.resolve("checkpoint-1/trainer_state.json")).exists();
    assertThat(folder.resolve("checkpoint-0/model.bin")).exists();
    assertThat(folder.resolve("checkpoint-2/my-notes.txt")).exists();
    assertThat(folder.resolve("checkpoint-5.other/precious.txt")).exists();
    assertThat(Files.isSymbolicLink(folder.resolve("checkpoint-6.other"))).isTrue();
    assertThat(folder.resolve("checkpoint-3")).doesNotExist();
    assertThat(folder.resolve("checkpoint-4")).doesNotExist();
    new Checkpoint(folder.resolve("checkpoint-6"), 6).verify();
    new Checkpoint(folder.resolve("checkpoint-7"), 7).verify();
  }

  @Test
  void oneRunAtATimeByWhateverPath() throws Exception {
    Path run = Files.createDirectories(folder.resolve("run"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), run);
    Trainer<TinyRun.Batch> first = trainer(3, run);
    first.listener(
        e -> {
          if (e instanceof TrainingEvent.Step) {
            for (Path same :
                List.of(
                    run,
                    link,
                    folder.resolve("link/../run"),
                    Path.of("").toAbsolutePath().relativize(run))) {
              assertThatThrownBy(() -> trainer(3, same).resume())
                  .isInstanceOf(CheckpointException.class)
                  .hasMessageContaining("another run is writing checkpoints to " + same);
            }
          }
        });
    first.run();
    assertThat(trainer(4, link).resume().state().step()).isEqualTo(4);
  }

  @Test
  void aRunThatFailsLetsTheFolderGo() throws Exception {
    Trainer<TinyRun.Batch> failing = trainer(3, folder);
    failing.listener(
        e -> {
          if (e instanceof TrainingEvent.Step) {
            throw new IllegalStateException("mine");
          }
        });
    assertThatThrownBy(failing::run).hasMessage("mine");
    // a folder that cannot be put in order is let go, too
    Path record = Files.writeString(folder.resolve(".peft4j-save"), "not a record");
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> trainer(3, folder).resume())
          .hasMessageContaining("cannot write checkpoints to the folder " + folder)
          .hasMessageContaining(".peft4j-save");
    }
    assertThat(record).hasContent("not a record");
    Files.delete(record);
    TinyRun other = new TinyRun(7);
    other.model.model().first.bias().unfreeze();
    AdamW all = AdamW.of(other.model.trainableParameters(), 0.1f);
    assertThatThrownBy(
            () ->
                Trainer.of(other.model, all, TinyRun.batches(), other::loss)
                    .checkpoints(folder)
                    .run())
        .hasMessageContaining("belongs to no adapter");
    assertThat(trainer(3, folder).resume().state().step()).isEqualTo(3);
    assertThat(files(folder)).contains(".lock").noneMatch(f -> f.startsWith(".peft4j"));
  }
}
