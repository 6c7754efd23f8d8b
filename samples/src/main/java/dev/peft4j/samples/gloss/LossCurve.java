package dev.peft4j.samples.gloss;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** A picture of losses over steps. */
final class LossCurve {
  private static final Color[] COLORS = {new Color(0x1f77b4), new Color(0xd62728)};

  private LossCurve() {}

  /**
   * Draws each run's losses as dots and their running mean as a line.
   *
   * @param losses the loss of each step, by the run's name
   * @param window steps in the running mean
   * @param file a PNG, replaced if it exists
   */
  static void write(Map<String, float[]> losses, int window, Path file) throws IOException {
    System.setProperty("java.awt.headless", "true");
    XYChart chart =
        new XYChartBuilder()
            .width(960)
            .height(600)
            .title("Training loss (lines: mean of " + window + " steps)")
            .xAxisTitle("step")
            .yAxisTitle("cross-entropy")
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotGridVerticalLinesVisible(false);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    int run = 0;
    for (Map.Entry<String, float[]> e : losses.entrySet()) {
      Color color = COLORS[run++ % COLORS.length];
      double[] steps = IntStream.rangeClosed(1, e.getValue().length).asDoubleStream().toArray();
      double[] values =
          IntStream.range(0, steps.length).mapToDouble(i -> e.getValue()[i]).toArray();
      XYSeries dots = chart.addSeries(e.getKey() + ", each step", steps, values);
      dots.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
      dots.setMarker(SeriesMarkers.CIRCLE);
      dots.setMarkerColor(new Color(color.getRed(), color.getGreen(), color.getBlue(), 60));
      dots.setShowInLegend(false);
      XYSeries line = chart.addSeries(e.getKey(), steps, runningMean(values, window));
      line.setMarker(SeriesMarkers.NONE);
      line.setLineColor(color);
      line.setLineWidth(2.5f);
    }
    BitmapEncoder.saveBitmap(chart, file.toString(), BitmapFormat.PNG);
  }

  private static double[] runningMean(double[] values, int window) {
    double[] mean = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      int from = Math.max(0, i - window + 1);
      mean[i] = Arrays.stream(values, from, i + 1).average().orElseThrow();
    }
    return mean;
  }
}
