package dev.peft4j.reports;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.Sgd;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.CsvLog;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.Every;
import dev.peft4j.train.LearningRates;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;

class ReportsTest {
  @TempDir Path folder;

  static final class Net extends Module {
    final Linear linear = new Linear(2, 1);
  }

  private Trainer<Tensor> trainer() {
    AdaptedModel<Net> model =
        Rng.with(
            1, () -> PeftModel.of(new Net(), LoraConfig.builder().targets("linear").r(1).build()));
    Batches<Tensor> data =
        Batches.of(
            List.of(Tensor.of(new float[] {1, 2}, 1, 2), Tensor.of(new float[] {3, 1}, 1, 2)));
    return Trainer.of(
            model,
            Sgd.of(model.trainableParameters(), 0.01f),
            data,
            x -> model.model().linear.forward(x).square().mean())
        .checkpoints(folder.resolve("checkpoints"))
        .settings(
            TrainingSettings.builder()
                .steps(6)
                .checkpoint(Every.steps(2))
                .evaluate(Every.steps(3))
                .build())
        .evaluator(Evaluator.meanLoss(data, x -> model.model().linear.forward(x).square().mean()));
  }

  @Test
  void aCurveWithoutALogNamesTheLog() {
    assertThatThrownBy(
            () -> trainer().listener(new LossCurve(folder, folder.resolve("loss.png"))).run())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("there is no " + folder.resolve("loss.csv"))
        .hasMessageContaining("add a CsvLog of the folder " + folder);
    assertThatThrownBy(() -> LossCurve.write(folder, folder.resolve("loss.png")))
        .hasMessageContaining("CsvLog");
  }

  @Test
  void writesAndDrawsTheLoss() throws IOException {
    Path png = folder.resolve("loss.png");
    trainer().listener(new CsvLog(folder)).listener(new LossCurve(folder, png)).run();
    assertThat(Files.readAllLines(folder.resolve("loss.csv")))
        .hasSize(7)
        .startsWith("step,epoch,loss,learning_rate,gradient_norm")
        .element(2)
        .asString()
        .matches("2,0,[0-9.Ee-]+,0\\.01,");
    assertThat(Files.readAllLines(folder.resolve("evaluation.csv")))
        .hasSize(3)
        .startsWith("step,epoch,loss");
    BufferedImage image = ImageIO.read(png.toFile());
    assertThat(image.getWidth()).isEqualTo(960);
    // the line of the training loss and that of the evaluations are there
    assertThat(pixels(image, 0x1f77b4)).isGreaterThan(300);
    assertThat(pixels(image, 0xd62728)).isGreaterThan(300);
  }

  private static int pixels(BufferedImage image, int rgb) {
    int found = 0;
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        found += (image.getRGB(x, y) & 0xffffff) == rgb ? 1 : 0;
      }
    }
    return found;
  }

  @Test
  void aResumedRunGoesOnInTheSameFiles() throws IOException {
    Path log = folder.resolve("log");
    Path run = folder.resolve("run");
    trainer().listener(new CsvLog(log)).checkpoints(run).run();
    List<String> losses = Files.readAllLines(log.resolve("loss.csv"));
    List<String> evaluations = Files.readAllLines(log.resolve("evaluation.csv"));
    // as if killed while step 6 was written down, its checkpoint missing
    Files.writeString(
        log.resolve("loss.csv"), String.join("\n", losses.subList(0, 6)) + "\n6,2,0.1");
    Files.move(run.resolve("checkpoint-6"), run.resolve("elsewhere"));
    trainer().listener(new CsvLog(log)).checkpoints(run).resume();
    assertThat(Files.readAllLines(log.resolve("loss.csv"))).isEqualTo(losses);
    assertThat(Files.readAllLines(log.resolve("evaluation.csv"))).isEqualTo(evaluations);
  }

  @Test
  void showsProgress() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(out, true, StandardCharsets.UTF_8);
    trainer().listener(new ProgressListener("tiny", to)).run();
    assertThat(out.toString(StandardCharsets.UTF_8))
        .contains("tiny 100% 6/6 (", "), epoch 3, loss ", " | loss ")
        .doesNotContain("\r");
  }

  @Test
  void theBarIsClosedWhenTrainingFails() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(out, true, StandardCharsets.UTF_8);
    Trainer<Tensor> t = trainer().listener(new ProgressListener("tiny", to));
    t.listener(
        e -> {
          if (e instanceof TrainingEvent.Step) {
            throw new IllegalStateException("enough");
          }
        });
    assertThatThrownBy(t::run).hasMessage("enough");
    assertThat(out.toString(StandardCharsets.UTF_8)).endsWith("\n");
  }

  private void log(int steps, int epoch, String evaluation) throws IOException {
    StringBuilder loss = new StringBuilder("step,epoch,loss,learning_rate,gradient_norm\n");
    for (int i = 1; i <= steps; i++) {
      loss.append(i).append(',').append((i - 1) / epoch).append(',').append(2.0 / i);
      loss.append(",0.1,\n");
    }
    Files.writeString(folder.resolve("loss.csv"), loss);
    Files.writeString(folder.resolve("evaluation.csv"), evaluation);
  }

  private XYChart chart(String run) throws IOException {
    return Objects.requireNonNull(LossCurve.chart(folder, run));
  }

  @Test
  void accuracyAndTheLikeHaveAnAxisOfTheirOwn() throws IOException {
    log(
        300,
        100,
        "step,epoch,accuracy,f1,loss,perplexity\n100,1,0.5,0.4,1.5,4.5\n200,2,0.75,0.7,1,2.7\n");
    XYChart chart = chart("news");
    assertThat(chart.getTitle()).isEqualTo("news: loss (line: mean of 20 steps)");
    assertThat(chart.getXAxisTitle()).isEqualTo("step (3 epochs)");
    assertThat(chart.getYAxisGroupTitle(1)).isEqualTo("accuracy, f1");
    assertThat(chart.getSeriesMap().keySet())
        .contains("training", "evaluation", "accuracy", "f1")
        .doesNotContain("perplexity");
    assertThat(chart.getSeriesMap().get("accuracy").getYAxisGroup()).isEqualTo(1);
    assertThat(chart.getSeriesMap().get("accuracy").getYData()).containsExactly(0.5, 0.75);
    assertThat(chart.getStyler().getYAxisMax(1)).isEqualTo(1);

    log(300, 100, "step,epoch,loss,perplexity\n100,1,1.5,4.5\n200,2,1,2.7\n");
    assertThat(chart("").getTitle()).startsWith("loss (");
    assertThat(chart("").getYAxisGroupTitle(1)).isEqualTo("perplexity");
    assertThat(chart("").getStyler().getYAxisMax(1)).isNull();
    LossCurve.write(folder, folder.resolve("loss.png"));
    assertThat(pixels(ImageIO.read(folder.resolve("loss.png").toFile()), 0x2ca02c))
        .isGreaterThan(300);
  }

  /** 1, 2 or 5 times a power of ten apart, whole numbers, from 0 on. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 6, 7, 20, 47, 75, 100, 337, 1234, 98765})
  void ticksAreRound(int steps) throws IOException {
    log(steps, 10, "");
    XYChart chart = chart("run");
    Set<Double> ticks = new TreeSet<>();
    chart
        .getStyler()
        .setxAxisTickLabelsFormattingFunction(
            x -> {
              ticks.add(x);
              return x.toString();
            });
    BitmapEncoder.getBufferedImage(chart);
    double apart = ticks.stream().filter(x -> x > 0).findFirst().orElseThrow();
    // XChart also asks how long the label of the last step is
    List<Double> within =
        ticks.stream().filter(x -> x >= 0 && x <= steps && (x != steps || x % apart == 0)).toList();
    assertThat(within).hasSizeGreaterThanOrEqualTo(2).first().isEqualTo(0.0);
    assertThat(apart / Math.pow(10, Math.floor(Math.log10(apart)))).isIn(1.0, 2.0, 5.0);
    for (int i = 0; i < within.size(); i++) {
      assertThat(within.get(i)).isEqualTo(i * apart);
    }
  }

  @Test
  void drawsTheLearningRateTest() throws IOException {
    List<LearningRates.Point> points = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      double loss = i < 20 ? 2 : i < 45 ? 2 - (i - 20) * 0.06 : 0.5 + (i - 45) * (i - 45) * 0.2;
      points.add(new LearningRates.Point(1e-6 * Math.pow(1.25, i), loss, loss));
    }
    LearningRates rates = new LearningRates(points, true);
    Path png = folder.resolve("rates.png");
    LearningRateCurve.write(rates, png);
    BufferedImage image = ImageIO.read(png.toFile());
    assertThat(pixels(image, 0x1f77b4)).isGreaterThan(300);
    assertThat(pixels(image, 0xd62728)).isGreaterThan(20);
    XYChart chart = LearningRateCurve.chart(rates);
    assertThat(chart.getTitle())
        .isEqualTo(
            String.format(Locale.ROOT, "learning rate test: %.2e suggested", rates.suggestion()));
    assertThat(chart.getSeriesMap().get("suggested").getXData())
        .containsExactly(rates.suggestion());
    assertThat(chart.getStyler().isXAxisLogarithmic()).isTrue();
    // the end, where the loss explodes, does not flatten the rest
    assertThat(chart.getStyler().getYAxisMax()).isLessThan(3.0);
    LearningRates few = new LearningRates(points.subList(0, 5), true);
    assertThatThrownBy(() -> LearningRateCurve.write(few, png))
        .hasMessageContaining("too few for a suggestion");
  }

  @Test
  void aLogWithoutStepsIsNotDrawn() throws IOException {
    Files.writeString(folder.resolve("loss.csv"), "step,epoch,loss\n");
    LossCurve.write(folder, folder.resolve("loss.png"));
    assertThat(folder.resolve("loss.png")).doesNotExist();
  }
}
