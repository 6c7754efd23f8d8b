package dev.peft4j.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Writes down the course of a run: {@code loss.csv} has a line for each step, {@code
 * evaluation.csv} one for each evaluation. A run that goes on from a checkpoint goes on with the
 * files as they were at that step; a new one replaces them.
 */
public final class CsvLog implements TrainingListener {
  /** The file of the steps. */
  public static final String LOSS = "loss.csv";

  /** The file of the evaluations. */
  public static final String EVALUATION = "evaluation.csv";

  private static final String HEADER = "step,epoch,loss,learning_rate,gradient_norm\n";

  private final Path folder;

  /** Writes into a folder, which is made if missing. */
  public CsvLog(Path folder) {
    this.folder = folder;
  }

  /**
   * Writes down what happened.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  @Override
  public void on(TrainingEvent event) {
    try {
      switch (event) {
        case TrainingEvent.Started s -> start(s.state().step());
        case TrainingEvent.Step s ->
            append(
                LOSS,
                s.state().step()
                    + ","
                    + s.epoch()
                    + ","
                    + s.loss()
                    + ","
                    + s.learningRate()
                    + ","
                    + (Float.isNaN(s.gradientNorm()) ? "" : s.gradientNorm())
                    + "\n");
        case TrainingEvent.Evaluated e -> evaluated(e);
        default -> {}
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the log in " + folder + ": " + e, e);
    }
  }

  private void start(long step) throws IOException {
    Files.createDirectories(folder);
    List<String> steps = rows(LOSS, step);
    Files.writeString(folder.resolve(LOSS), HEADER + String.join("", steps));
    List<String> evaluations = rows(EVALUATION, step);
    if (evaluations.isEmpty()) {
      Files.deleteIfExists(folder.resolve(EVALUATION));
    } else {
      String header = Files.readAllLines(folder.resolve(EVALUATION)).getFirst();
      Files.writeString(folder.resolve(EVALUATION), header + "\n" + String.join("", evaluations));
    }
  }

  /** The whole lines of a file up to a step; a process that was killed may have left half a one. */
  private List<String> rows(String name, long upTo) throws IOException {
    List<String> kept = new ArrayList<>();
    String text;
    try {
      text = new String(Files.readAllBytes(folder.resolve(name)), StandardCharsets.UTF_8);
    } catch (NoSuchFileException _) {
      return kept;
    }
    for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("(?<=\n)", -1)) {
      int comma = line.indexOf(',');
      if (comma > 0 && line.substring(0, comma).chars().allMatch(c -> c >= '0' && c <= '9')) {
        if (Long.parseLong(line.substring(0, comma)) <= upTo) {
          kept.add(line);
        }
      }
    }
    return kept;
  }

  private void evaluated(TrainingEvent.Evaluated e) throws IOException {
    TreeMap<String, Double> sorted = new TreeMap<>(e.values());
    StringBuilder line = new StringBuilder();
    if (!Files.exists(folder.resolve(EVALUATION))) {
      line.append("step,epoch");
      sorted.keySet().forEach(name -> line.append(',').append(name));
      line.append('\n');
    }
    line.append(e.state().step()).append(',').append(e.state().epoch());
    sorted.values().forEach(v -> line.append(',').append(v));
    append(EVALUATION, line.append('\n').toString());
  }

  private void append(String name, String text) throws IOException {
    Files.writeString(
        folder.resolve(name), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }
}
