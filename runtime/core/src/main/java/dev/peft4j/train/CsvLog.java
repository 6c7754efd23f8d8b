package dev.peft4j.train;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.peft4j.io.AtomicFiles;
import dev.peft4j.log.Log;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A listener that writes the progress of a run to files: {@code loss.csv} has a line for each step,
 * {@code evaluation.csv} one for each evaluation. A run that is resumed from a checkpoint continues
 * the files as they were at that step; a new run replaces them.
 */
public final class CsvLog implements TrainingListener {
  /** The file of the steps. */
  public static final String LOSS = "loss.csv";

  /** The file of the evaluations. */
  public static final String EVALUATION = "evaluation.csv";

  private static final String HEADER = "step,epoch,loss,learning_rate,gradient_norm";

  private static final Log LOG = Log.of(CsvLog.class);

  /** A line of a step; a number with more digits is not a step. */
  private static final Pattern STEP = Pattern.compile("([0-9]{1,18}),");

  /** Lines are kept byte by byte, independent of their encoding. */
  private static final Charset BYTES = StandardCharsets.ISO_8859_1;

  private final Path folder;
  private final List<String> measured;
  private String at = LOSS;

  /** Creates a log in a folder, which is created if missing. */
  public CsvLog(Path folder) {
    this(folder, List.of());
  }

  /**
   * Creates a log with further columns of the steps.
   *
   * @param measured the names of numbers that {@link Trainer#measuring} gives; one that is not
   *     given leaves its cell empty
   */
  public CsvLog(Path folder, List<String> measured) {
    this.folder = folder;
    this.measured = List.copyOf(measured);
  }

  /**
   * Writes an event to the files.
   *
   * @throws UncheckedIOException if it cannot be written
   */
  @Override
  public void on(TrainingEvent event) {
    at = event instanceof TrainingEvent.Evaluated ? EVALUATION : LOSS;
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
                    + measured(s)
                    + "\n");
        case TrainingEvent.Evaluated e -> evaluated(e);
        default -> {}
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the log " + folder.resolve(at) + ": " + e, e);
    }
  }

  private String measured(TrainingEvent.Step s) {
    StringBuilder cells = new StringBuilder();
    for (String name : measured) {
      Double value = s.measured().get(name);
      cells.append(',').append(value == null ? "" : value);
    }
    return cells.toString();
  }

  private void start(long step) throws IOException {
    at = LOSS;
    StringBuilder header = new StringBuilder(HEADER);
    measured.forEach(name -> header.append(',').append(quoted(name)));
    replace(LOSS, header.append('\n').toString(), rows(LOSS, step));
    at = EVALUATION;
    List<String> evaluations = rows(EVALUATION, step);
    if (evaluations.isEmpty()) {
      Files.deleteIfExists(folder.resolve(EVALUATION));
    } else {
      replace(EVALUATION, header(EVALUATION), evaluations);
    }
  }

  /** Replaces a file atomically: a process that is killed here loses no line. */
  private void replace(String name, String header, List<String> rows) throws IOException {
    byte[] bytes = (header + String.join("", rows)).getBytes(BYTES);
    Path file = folder.resolve(name);
    if (!Files.exists(file) || !Arrays.equals(Files.readAllBytes(file), bytes)) {
      AtomicFiles.write(file, out -> writeFully(out, ByteBuffer.wrap(bytes)));
    }
  }

  private static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /**
   * Returns the first line of a file with its line break if it names columns; else an empty text.
   */
  private String header(String name) throws IOException {
    String text = text(name);
    String first = text.substring(0, text.indexOf('\n') + 1);
    return first.startsWith("step,") ? first : "";
  }

  /**
   * Returns the complete lines of a file up to a step; a process that was killed may have left an
   * incomplete one.
   */
  private List<String> rows(String name, long upTo) throws IOException {
    List<String> kept = new ArrayList<>();
    String text = text(name);
    for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("(?<=\n)", -1)) {
      Matcher step = STEP.matcher(line);
      if (step.lookingAt() && Long.parseLong(step.group(1)) <= upTo) {
        kept.add(line);
      }
    }
    return kept;
  }

  /** Returns the bytes of a file, one character each; empty if it is missing. */
  private String text(String name) throws IOException {
    try {
      return new String(Files.readAllBytes(folder.resolve(name)), BYTES);
    } catch (NoSuchFileException _) {
      return "";
    }
  }

  private void evaluated(TrainingEvent.Evaluated e) throws IOException {
    TreeMap<String, Double> sorted = new TreeMap<>(e.values());
    StringBuilder head = new StringBuilder("step,epoch");
    sorted.keySet().forEach(name -> head.append(',').append(quoted(name)));
    String wanted = new String(head.append('\n').toString().getBytes(UTF_8), BYTES);
    StringBuilder line = new StringBuilder();
    line.append(e.state().step()).append(',').append(e.state().epoch());
    sorted.values().forEach(v -> line.append(',').append(v));
    line.append('\n');
    String there = header(EVALUATION);
    if (there.equals(wanted)) {
      append(EVALUATION, line.toString());
      return;
    }
    List<String> rows = new ArrayList<>(rows(EVALUATION, Long.MAX_VALUE));
    if (!rows.isEmpty()) {
      // A run that goes on measures something else now: the numbers before are kept apart.
      Path before = folder.resolve(EVALUATION);
      Path to = folder.resolve("evaluation-before-step-" + e.state().step() + ".csv");
      Files.move(before, to, StandardCopyOption.ATOMIC_MOVE);
      LOG.warn("{} has other columns; it was renamed to {}", before, to.getFileName());
    }
    replace(EVALUATION, wanted, List.of(line.toString()));
  }

  /** Returns a name, quoted for CSV where needed. */
  private static String quoted(String name) {
    return name.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r')
        ? '"' + name.replace("\"", "\"\"").replace('\n', ' ').replace('\r', ' ') + '"'
        : name;
  }

  /** Appends a complete line in one call. */
  private void append(String name, String line) throws IOException {
    Files.write(
        folder.resolve(name),
        line.getBytes(UTF_8),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
