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
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.LoraConfig;
import dev.peft4j.tuner.PeftModel;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        .contains("tiny", "100%", "6/6", " loss ", ", epoch 3 | loss ");
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

  @Test
  void aLogWithoutStepsIsNotDrawn() throws IOException {
    Files.writeString(folder.resolve("loss.csv"), "step,epoch,loss\n");
    LossCurve.write(folder, folder.resolve("loss.png"));
    assertThat(folder.resolve("loss.png")).doesNotExist();
  }
}
