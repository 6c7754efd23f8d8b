package dev.peft4j.train;

import dev.peft4j.io.AtomicFolder;
import dev.peft4j.io.FileHold;
import dev.peft4j.log.Log;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The checkpoints of one run; only one process at a time may use the folder. */
final class CheckpointFolder implements AutoCloseable {
  private static final Log LOG = Log.of(Checkpoint.class);
  private static final String LOCK = ".lock";

  private final Path folder;
  private final CheckpointFiles files;
  private final int keep;
  private final FileHold hold;
  private final Set<Path> kept = new HashSet<>();
  private @Nullable Checkpoint last;

  private CheckpointFolder(Path folder, CheckpointFiles files, int keep, FileHold hold) {
    this.folder = folder;
    this.files = files;
    this.keep = keep;
    this.hold = hold;
  }

  /**
   * Locks a folder, which is created if missing, and removes what killed processes have left there.
   *
   * @throws CheckpointException if another run uses it
   */
  static CheckpointFolder open(Path folder, CheckpointFiles files, int keep) {
    files.requireComplete();
    FileHold hold = null;
    boolean done = false;
    try {
      Files.createDirectories(folder);
      hold = FileHold.tryTake(folder.resolve(LOCK));
      if (hold == null) {
        throw new CheckpointException(
            "another run is writing checkpoints to " + folder + "; needed is a folder of its own");
      }
      AtomicFolder.clean(folder);
      CheckpointFolder opened = new CheckpointFolder(folder, files, keep, hold);
      done = true;
      return opened;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot write checkpoints to the folder " + folder + ": " + e, e);
    } finally {
      if (!done && hold != null) {
        release(hold);
      }
    }
  }

  private static void release(FileHold hold) {
    try {
      hold.close();
    } catch (IOException e) {
      LOG.warn("{} could not be closed: {}", hold, e.toString());
    }
  }

  /**
   * Throws if the folder contains checkpoints.
   *
   * @throws CheckpointException naming the latest
   */
  void requireEmpty() {
    List<Checkpoint> there = Checkpoint.list(folder);
    if (!there.isEmpty()) {
      throw new CheckpointException(
          "the folder "
              + folder
              + " already has checkpoints, the latest of step "
              + there.getFirst().step()
              + ": call resume() to continue from it, or choose another folder");
    }
  }

  /**
   * Restores the latest good checkpoint.
   *
   * @param skipped called for those that are damaged
   * @return what it was, or null if there are no checkpoints at all
   * @throws CheckpointException if all are damaged, or one belongs to something else
   */
  CheckpointFiles.@Nullable Restored restore(BiConsumer<Path, String> skipped) {
    List<String> problems = new ArrayList<>();
    for (Checkpoint c : Checkpoint.list(folder)) {
      try {
        CheckpointFiles.Restored restored = files.read(c);
        last = c;
        return restored;
      } catch (IOException | UncheckedIOException e) {
        LOG.warn("damaged checkpoint skipped: {}", e.getMessage());
        problems.add(String.valueOf(e.getMessage()));
        skipped.accept(c.folder(), String.valueOf(e.getMessage()));
      }
    }
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          "no checkpoint in " + folder + " can be used: " + String.join("; ", problems), null);
    }
    return null;
  }

  /** Writes a checkpoint and removes those that are no longer kept. */
  Path save(TrainingState state, RunCourse course) {
    Checkpoint c = Checkpoint.of(folder, state.step());
    try {
      OwnCheckpoint.moveAside(c);
      AtomicFolder.write(c.folder(), f -> files.write(f, state, course));
      last = c;
      Best best = state.best();
      List<Checkpoint> there = Checkpoint.list(folder);
      there.removeIf(other -> other.step() > state.step()); // damaged ones of a run before
      there.removeIf(other -> !OwnCheckpoint.is(other));
      for (Checkpoint old : there.subList(Math.min(keep, there.size()), there.size())) {
        if (best == null || old.step() != best.step()) {
          List<String> others = OwnCheckpoint.foreignFiles(old);
          if (others.isEmpty()) {
            AtomicFolder.delete(old.folder());
          } else if (kept.add(old.folder())) {
            LOG.warn(
                "{} is kept: it has files that are not of a checkpoint: {}", old.folder(), others);
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
    return c.folder();
  }

  /** Returns the last good checkpoint of this run, or null. */
  @Nullable Path last() {
    return last == null ? null : last.folder();
  }

  /** Returns whether the checkpoint of that step is the last one. */
  boolean has(long step) {
    return last != null && last.step() == step;
  }

  /** Returns the checkpoint of a step, or null if it does not exist. */
  @Nullable Path find(long step) {
    Path found = Checkpoint.of(folder, step).folder();
    return Files.isDirectory(found) ? found : null;
  }

  @Override
  public void close() {
    release(hold);
  }
}
