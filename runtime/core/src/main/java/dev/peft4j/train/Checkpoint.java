package dev.peft4j.train;

import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A folder {@code checkpoint-STEP} from which training can be resumed. It holds the adapters as
 * peft saves them (so it is an adapter folder itself) or the whole model in {@code
 * model.safetensors}, {@code optimizer.safetensors}, and {@code training_state.json}, which holds
 * the rest and the checksums of the other files.
 *
 * @param folder its folder
 * @param step optimizer steps done
 */
public record Checkpoint(Path folder, long step) {
  private static final Pattern NAME = Pattern.compile("checkpoint-(0|[1-9][0-9]{0,17})");

  /** Returns the checkpoint of a step in a run's folder, whether it exists or not. */
  static Checkpoint of(Path run, long step) {
    return new Checkpoint(run.resolve("checkpoint-" + step), step);
  }

  /**
   * Returns the checkpoints in a run's folder, the latest first, including damaged ones.
   *
   * @throws UncheckedIOException if the folder cannot be read; a missing folder has no checkpoints
   */
  public static List<Checkpoint> list(Path run) {
    List<Checkpoint> found = new ArrayList<>();
    if (!Files.exists(run)) {
      return found;
    }
    try (DirectoryStream<Path> children = Files.newDirectoryStream(run, "checkpoint-*")) {
      for (Path child : children) {
        Matcher name = NAME.matcher(String.valueOf(child.getFileName()));
        if (name.matches()) {
          found.add(new Checkpoint(child, Long.parseLong(name.group(1))));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list the checkpoints in " + run + ": " + e, e);
    }
    found.sort(Comparator.comparingLong(Checkpoint::step).reversed());
    return found;
  }

  /** Returns the latest checkpoint that is not damaged, or null. */
  public static @Nullable Checkpoint latest(Path run) {
    for (Checkpoint c : list(run)) {
      try {
        c.verify();
        return c;
      } catch (IOException _) {
        // the one before it
      }
    }
    return null;
  }

  /**
   * Checks that every file exists and is unchanged.
   *
   * @throws FileFormatException naming the file that is missing or damaged
   */
  public void verify() throws IOException {
    Manifest.read(folder).verify();
  }

  /**
   * Returns the progress of the run.
   *
   * @throws FileFormatException if the state cannot be read
   */
  public TrainingState state() throws IOException {
    return Manifest.read(folder).state();
  }

  /**
   * Returns what the program recorded about its run, see {@link Trainer#remember}.
   *
   * @throws FileFormatException if the state cannot be read
   */
  public Map<String, String> remembered() throws IOException {
    return Map.copyOf(RunRecord.read(Manifest.read(folder)).about());
  }
}
