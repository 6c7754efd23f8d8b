package dev.peft4j.reports;

import dev.peft4j.io.AtomicFiles;
import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The common parts of the pictures. */
final class Chart {
  static final Color BLUE = new Color(0x1f77b4);
  static final Color RED = new Color(0xd62728);
  static final Color GREEN = new Color(0x2ca02c);
  static final Color ORANGE = new Color(0xff7f0e);
  static final Color PURPLE = new Color(0x9467bd);

  private static final int WIDTH = 960;
  private static final int HEIGHT = 600;

  /** The smallest distance of ticks in pixels: XChart's own. */
  private static final int SPACING = 74;

  private Chart() {}

  static XYChart of(String title, String x, String y) {
    System.setProperty("java.awt.headless", "true");
    XYChart chart =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(title)
            .xAxisTitle(x)
            .yAxisTitle(y)
            .build();
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setPlotGridVerticalLinesVisible(false);
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    return chart;
  }

  static XYSeries dots(XYChart chart, String name, double[] x, double[] y, Color color) {
    XYSeries dots = chart.addSeries(name, x, y);
    dots.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    dots.setMarker(SeriesMarkers.CIRCLE);
    dots.setMarkerColor(new Color(color.getRed(), color.getGreen(), color.getBlue(), 60));
    dots.setShowInLegend(false);
    return dots;
  }

  static XYSeries line(XYChart chart, String name, double[] x, double[] y, Color color) {
    XYSeries line = chart.addSeries(name, x, y);
    line.setLineColor(color);
    line.setMarkerColor(color);
    line.setLineWidth(2.5f);
    return line;
  }

  /**
   * Sets up a count from 0 to {@code last} on the x axis, with ticks at round whole numbers. XChart
   * labels every n-th value if all are equally far apart (1, 12, 23, ...), so there is one
   * additional, invisible value that is not.
   */
  static void count(XYChart chart, double last, double y) {
    chart.getStyler().setXAxisMin(0.0);
    chart.getStyler().setXAxisMax(last);
    chart.getStyler().setXAxisDecimalPattern("#,##0");
    // a tick for each whole number at most
    chart.getStyler().setXAxisTickMarkSpacingHint(Math.max(SPACING, (int) (WIDTH / last)));
    XYSeries unseen =
        chart.addSeries("unseen", new double[] {0, last * 0.3127}, new double[] {y, y});
    unseen.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    unseen.setMarker(SeriesMarkers.NONE);
    unseen.setShowInLegend(false);
  }

  static void write(XYChart chart, Path file) throws IOException {
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
}
