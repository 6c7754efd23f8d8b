package dev.peft4j.reports;

import dev.peft4j.train.LearningRates;
import dev.peft4j.train.LearningRates.Point;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * The picture of a {@link dev.peft4j.train.LearningRateFinder}: the loss over the learning rate,
 * and the rate that it suggests.
 */
public final class LearningRateCurve {
  /** The height of the picture over the range of the losses; divergence would flatten the rest. */
  private static final double HEADROOM = 1.5;

  private LearningRateCurve() {}

  /**
   * Draws the losses over the rates.
   *
   * @param file a PNG, replaced if it exists
   * @throws IllegalStateException if there are too few steps for a suggestion
   * @throws IOException if the picture cannot be written
   */
  public static void write(LearningRates rates, Path file) throws IOException {
    Chart.write(chart(rates), file);
  }

  static XYChart chart(LearningRates rates) {
    List<Point> points = rates.points();
    Point suggested = points.get(rates.suggested());
    String title =
        String.format(Locale.ROOT, "learning rate test: %.2e suggested", suggested.rate());
    XYChart chart = Chart.of(title, "learning rate", "loss");
    chart.getStyler().setXAxisLogarithmic(true);
    chart.getStyler().setXAxisLogarithmicDecadeOnly(true);
    chart.getStyler().setXAxisDecimalPattern("0E0");
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNW);
    double high = points.getFirst().smoothed();
    double low = high;
    for (Point p : points) {
      low = Math.min(low, p.smoothed());
    }
    double top = high + (HEADROOM - 1) * (high - low);
    if (top > low) {
      chart.getStyler().setYAxisMin(low - 0.1 * (top - low));
      chart.getStyler().setYAxisMax(top);
    }
    List<Point> within = points.stream().filter(p -> !(p.smoothed() > top)).toList();
    List<Point> dots = points.stream().filter(p -> !(p.loss() > top)).toList();
    Chart.dots(chart, "each step", of(dots, Point::rate), of(dots, Point::loss), Chart.BLUE);
    Chart.line(
            chart,
            "loss, smoothed",
            of(within, Point::rate),
            of(within, Point::smoothed),
            Chart.BLUE)
        .setMarker(SeriesMarkers.NONE);
    XYSeries mark =
        chart.addSeries(
            "suggested", new double[] {suggested.rate()}, new double[] {suggested.smoothed()});
    mark.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    mark.setMarker(SeriesMarkers.DIAMOND);
    mark.setMarkerColor(Chart.RED);
    return chart;
  }

  private static double[] of(List<Point> points, ToDoubleFunction<Point> number) {
    return points.stream().mapToDouble(number).toArray();
  }
}
