package dev.peft4j.reports;

import dev.peft4j.train.CsvLog;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingListener;
import java.awt.Color;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A picture of the loss over the steps, drawn from the files of a {@link CsvLog} when the run ends:
 * the loss of each step as dots, its running mean as a line, and the loss of the evaluations. Other
 * numbers of the evaluations (accuracy, F1, ...) have an axis of their own on the right.
 */
public final class LossCurve implements TrainingListener {
  private static final int WINDOW = 20;
  private static final int POINTS = 4000;

  /** The largest number of lines that can be distinguished. */
  private static final int MEASURES = 3;

  private static final List<Color> MEASURE_COLORS =
      List.of(Chart.GREEN, Chart.ORANGE, Chart.PURPLE);

  private final Path log;
  private final Path file;
  private final String run;
  private boolean logged;

  /**
   * Creates a picture of the run that is logged in {@code log}, with the folder's name as title;
   * this listener must be added after the {@link CsvLog}.
   *
   * @param log the folder of the {@link CsvLog}
   * @param file a PNG, replaced if it exists
   */
  public LossCurve(Path log, Path file) {
    this(log, file, name(log));
  }

  /**
   * Creates a picture of the run that is logged in {@code log}; this listener must be added after
   * the {@link CsvLog}.
   *
   * @param log the folder of the {@link CsvLog}
   * @param file a PNG, replaced if it exists
   * @param run the run's name, for the title; may be empty
   */
  public LossCurve(Path log, Path file, String run) {
    this.log = log;
    this.file = file;
    this.run = run;
  }

  @Override
  public void on(TrainingEvent event) {
    if (event instanceof TrainingEvent.Step && !logged) {
      requireLog(log); // after the first step, not after the last
      logged = true;
    }
    if (event instanceof TrainingEvent.Finished || event instanceof TrainingEvent.Failed) {
      try {
        write(log, file, run);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot draw the loss to " + file + ": " + e, e);
      }
    }
  }

  /**
   * Draws the run that is logged in a folder, with the folder's name as title.
   *
   * @throws IOException if it cannot be read or the picture cannot be written
   */
  public static void write(Path log, Path file) throws IOException {
    write(log, file, name(log));
  }

  /**
   * Draws the run that is logged in a folder. Without a step nothing is drawn.
   *
   * @param run the run's name, for the title; may be empty
   * @throws IOException if it cannot be read or the picture cannot be written
   */
  public static void write(Path log, Path file, String run) throws IOException {
    XYChart chart = chart(log, run);
    if (chart != null) {
      Chart.write(chart, file);
    }
  }

  static @Nullable XYChart chart(Path log, String run) throws IOException {
    requireLog(log);
    Column loss = Column.read(log.resolve(CsvLog.LOSS), "loss");
    if (loss.values().length == 0) {
      return null;
    }
    String title = (run.isEmpty() ? "" : run + ": ") + "loss (line: mean of " + WINDOW + " steps)";
    double last = Arrays.stream(loss.steps()).max().orElse(1);
    double epochs =
        1 + Arrays.stream(Column.read(log.resolve(CsvLog.LOSS), "epoch").values()).max().orElse(0);
    String x = epochs > 1 ? String.format(Locale.ROOT, "step (%.0f epochs)", epochs) : "step";
    XYChart chart = Chart.of(title, x, "loss");
    Chart.count(chart, Math.max(2, last), loss.values()[0]);
    Column means = new Column(loss.steps(), means(loss.values())).thinned();
    Column dots = loss.thinned();
    Chart.dots(chart, "each step", dots.steps(), dots.values(), Chart.BLUE);
    Chart.line(chart, "training", means.steps(), means.values(), Chart.BLUE)
        .setMarker(SeriesMarkers.NONE);
    Path evaluations = log.resolve(CsvLog.EVALUATION);
    if (Files.exists(evaluations)) {
      Column e = Column.read(evaluations, "loss");
      if (e.values().length > 0) {
        Chart.line(chart, "evaluation", e.steps(), e.values(), Chart.RED);
      }
      measures(chart, evaluations);
    }
    return chart;
  }

  /**
   * Draws the other numbers of the evaluations on the right: those from 0 to 1, accuracy first, or
   * else one.
   */
  private static void measures(XYChart chart, Path evaluations) throws IOException {
    List<String> names = new ArrayList<>(Column.names(evaluations));
    names.removeAll(List.of("step", "epoch", "loss"));
    names.sort(Comparator.comparing((String name) -> !name.equals("accuracy")));
    List<Column> columns = new ArrayList<>();
    List<String> shown = new ArrayList<>();
    boolean shares = false;
    for (String name : names) {
      Column c = Column.read(evaluations, name);
      boolean share = Arrays.stream(c.values()).allMatch(v -> v >= 0 && v <= 1);
      if (c.values().length > 0
          && columns.size() < MEASURES
          && (columns.isEmpty() || share && shares)) {
        shares = share;
        columns.add(c);
        shown.add(name);
      }
    }
    for (int i = 0; i < columns.size(); i++) {
      Column c = columns.get(i);
      XYSeries line = Chart.line(chart, shown.get(i), c.steps(), c.values(), MEASURE_COLORS.get(i));
      line.setYAxisGroup(1);
      line.setMarker(SeriesMarkers.DIAMOND);
    }
    if (!columns.isEmpty()) {
      chart.setYAxisGroupTitle(1, String.join(", ", shown));
      chart.getStyler().setYAxisGroupPosition(1, Styler.YAxisPosition.Right);
      chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideS);
      chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
      if (shares) {
        chart.getStyler().setYAxisMin(1, 0.0);
        chart.getStyler().setYAxisMax(1, 1.0);
      }
    }
  }

  private static void requireLog(Path log) {
    if (!Files.exists(log.resolve(CsvLog.LOSS))) {
      throw new IllegalStateException(
          "LossCurve: there is no "
              + log.resolve(CsvLog.LOSS)
              + ", from which the picture is drawn; CsvLog writes it: add"
              + " a CsvLog of the folder "
              + log
              + " to the trainer's listeners");
    }
  }

  private static String name(Path folder) {
    Path name = folder.toAbsolutePath().normalize().getFileName();
    return name == null ? "" : name.toString();
  }

  private static double[] means(double[] values) {
    RunningMean mean = new RunningMean(WINDOW);
    double[] means = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      mean.add(values[i]);
      means[i] = mean.value();
    }
    return means;
  }

  /** One column of a file against the steps; lines without a finite number are left out. */
  private record Column(double[] steps, double[] values) {
    /**
     * Returns every n-th point and the last if there are more points than a picture has room for.
     */
    Column thinned() {
      int every = (steps.length + POINTS - 1) / POINTS;
      int[] kept =
          IntStream.range(0, steps.length)
              .filter(i -> i % every == 0 || i == steps.length - 1)
              .toArray();
      return new Column(
          Arrays.stream(kept).mapToDouble(i -> steps[i]).toArray(),
          Arrays.stream(kept).mapToDouble(i -> values[i]).toArray());
    }

    static List<String> names(Path file) throws IOException {
      List<String> lines = Files.readAllLines(file);
      return lines.isEmpty() ? List.of() : List.of(lines.getFirst().split(",", -1));
    }

    static Column read(Path file, String name) throws IOException {
      List<String> lines = Files.readAllLines(file);
      int column = names(file).indexOf(name);
      List<double[]> points = new ArrayList<>();
      for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
        String[] cells = line.split(",", -1);
        if (column >= 0 && cells.length > column && !cells[column].isEmpty()) {
          double value = Double.parseDouble(cells[column]);
          if (Double.isFinite(value)) {
            points.add(new double[] {Double.parseDouble(cells[0]), value});
          }
        }
      }
      return new Column(
          points.stream().mapToDouble(p -> p[0]).toArray(),
          points.stream().mapToDouble(p -> p[1]).toArray());
    }
  }
}
