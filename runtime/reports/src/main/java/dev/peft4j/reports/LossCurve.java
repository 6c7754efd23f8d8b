package dev.peft4j.reports;

import dev.peft4j.io.AtomicFiles;
import dev.peft4j.train.CsvLog;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingListener;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A picture of how the loss fell, drawn from the files of a {@link CsvLog} when the run ends: the
 * loss of each step as dots, its running mean as a line, and the loss of the evaluations.
 */
public final class LossCurve implements TrainingListener {
  private static final int WINDOW = 20;
  private static final Color STEPS = new Color(0x1f77b4);
  private static final Color DOTS = new Color(0x1f, 0x77, 0xb4, 60);
  private static final Color EVALUATIONS = new Color(0xd62728);

  private final Path log;
  private final Path file;
  private boolean logged;

  /**
   * A picture of the run that is written down in {@code log}; this listener has to come after the
   * {@link CsvLog}.
   *
   * @param log the folder of the {@link CsvLog}
   * @param file a PNG, replaced if it is there
   */
  public LossCurve(Path log, Path file) {
    this.log = log;
    this.file = file;
  }

  @Override
  public void on(TrainingEvent event) {
    if (event instanceof TrainingEvent.Step && !logged) {
      requireLog(log); // after the first step, not after the last
      logged = true;
    }
    if (event instanceof TrainingEvent.Finished || event instanceof TrainingEvent.Failed) {
      try {
        write(log, file);
      } catch (IOException e) {
        throw new UncheckedIOException("cannot draw the loss to " + file + ": " + e, e);
      }
    }
  }

  /**
   * Draws the run that is written down in a folder.
   *
   * @throws IOException if it cannot be read or the picture cannot be written
   */
  public static void write(Path log, Path file) throws IOException {
    requireLog(log);
    System.setProperty("java.awt.headless", "true");
    Column loss = Column.read(log.resolve(CsvLog.LOSS), "loss");
    if (loss.values().length == 0) {
      return;
    }
    XYChart chart =
        new XYChartBuilder()
            .width(960)
            .height(600)
            .title("Loss (line: mean of " + WINDOW + " steps)")
            .xAxisTitle("step")
            .yAxisTitle("loss")
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotGridVerticalLinesVisible(false);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    XYSeries dots = chart.addSeries("each step", loss.steps(), loss.values());
    dots.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    dots.setMarker(SeriesMarkers.CIRCLE);
    dots.setMarkerColor(DOTS);
    dots.setShowInLegend(false);
    line(chart, "training", loss.steps(), means(loss.values()), STEPS)
        .setMarker(SeriesMarkers.NONE);
    Path evaluations = log.resolve(CsvLog.EVALUATION);
    if (Files.exists(evaluations)) {
      Column e = Column.read(evaluations, "loss");
      if (e.values().length > 0) {
        line(chart, "evaluation", e.steps(), e.values(), EVALUATIONS).setMarkerColor(EVALUATIONS);
      }
    }
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    BitmapEncoder.saveBitmap(chart, png, BitmapFormat.PNG);
    AtomicFiles.write(
        file,
        out -> {
          ByteBuffer bytes = ByteBuffer.wrap(png.toByteArray());
          while (bytes.hasRemaining()) {
            out.write(bytes);
          }
        });
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

  private static XYSeries line(
      XYChart chart, String name, double[] steps, double[] values, Color color) {
    XYSeries line = chart.addSeries(name, steps, values);
    line.setLineColor(color);
    line.setLineWidth(2.5f);
    return line;
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

  /** One column of a file against the steps; lines in which it is no finite number are left out. */
  private record Column(double[] steps, double[] values) {
    static Column read(Path file, String name) throws IOException {
      List<String> lines = Files.readAllLines(file);
      int column = lines.isEmpty() ? -1 : List.of(lines.getFirst().split(",", -1)).indexOf(name);
      List<double[]> points = new ArrayList<>();
      for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
        String[] cells = line.split(",", -1);
        if (column >= 0 && cells.length > column) {
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
