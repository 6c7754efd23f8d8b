package com.example.tuning;

import dev.peft4j.data.Rng;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingSettings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A program that trains a base model on one task, and an adapter on top of it for another one.
 * Finished work is not repeated: an interrupted run continues from its last checkpoint.
 */
public final class Tuning {
  private static final int WIDTH = 8;

  private Tuning() {}

  record Batch(Tensor x, Tensor labels) {}

  /** Takes a folder for the run (default {@code run}) and a number of epochs (default 20). */
  public static void main(String[] args) {
    Path folder = Path.of(args.length > 0 ? args[0] : "run");
    int epochs = args.length > 1 ? Integer.parseInt(args[1]) : 20;

    Path base = folder.resolve("base");
    if (Files.notExists(base)) {
      trainBase(batches(0)).save(base);
      System.out.println("base model in " + base);
    }

    ClassifierPeft model = load(base);
    System.out.println(model.trainableSummary());
    List<Batch> batches = batches(1);
    double before = accuracy(model, batches);
    Trainer.of(
            model,
            AdamW.of(model.trainableParameters(), 2e-2f),
            Batches.of(batches),
            b -> model.forward(b.x()).crossEntropy(b.labels()))
        .settings(TrainingSettings.epochs(epochs))
        .checkpoints(folder.resolve("checkpoints"))
        .listener(Tuning::print)
        .resume();
    System.out.printf("accuracy %.3f, was %.3f%n", accuracy(model, batches), before);
    model.save(folder.resolve("adapter"));
    System.out.println("saved " + folder.resolve("adapter"));
  }

  /** Returns a model whose weights are all trained. */
  static Classifier trainBase(List<Batch> batches) {
    Classifier model = Rng.with(7, () -> new Classifier(WIDTH, 2, 2));
    Trainer.of(
            model,
            AdamW.of(model.trainableParameters(), 1e-2f),
            Batches.of(batches),
            b -> model.forward(b.x()).crossEntropy(b.labels()))
        .settings(TrainingSettings.epochs(10))
        .run();
    return model;
  }

  /** Returns the base model with a new adapter, which changes nothing until it is trained. */
  static ClassifierPeft load(Path base) {
    ClassifierPeft model = Rng.with(7, () -> new ClassifierPeft(WIDTH, 2, 2));
    model.loadBase(base);
    return model;
  }

  /** Returns the base model with the trained adapter. */
  static ClassifierPeft load(Path base, Path adapter) {
    ClassifierPeft model = load(base);
    model.load(adapter);
    model.eval();
    return model;
  }

  static List<Batch> batches(float center) {
    return IntStream.range(0, 16).mapToObj(i -> batch(i, center)).toList();
  }

  /** Returns points of {@code WIDTH} numbers; the label says whether one is far from a center. */
  static Batch batch(int number, float center) {
    float[] values = new Rng(number).normal(32 * WIDTH, 0, 1);
    int[] labels = new int[32];
    for (int i = 0; i < 32; i++) {
      float squares = 0;
      for (int j = 0; j < WIDTH; j++) {
        float distance = values[i * WIDTH + j] - center;
        squares += distance * distance;
      }
      labels[i] = squares > 7.3f + WIDTH * center * center ? 1 : 0;
    }
    return new Batch(Tensor.of(values, 32, WIDTH), Tensor.of(labels));
  }

  static double accuracy(ClassifierPeft model, List<Batch> batches) {
    model.eval();
    int right = 0;
    for (Batch b : batches) {
      int[] found = model.forward(b.x()).argmax();
      int[] labels = b.labels().toInts();
      for (int i = 0; i < found.length; i++) {
        right += found[i] == labels[i] ? 1 : 0;
      }
    }
    return right / (32.0 * batches.size());
  }

  private static void print(TrainingEvent event) {
    switch (event) {
      case TrainingEvent.Started e when e.from() != null ->
          System.out.println("resumed at step " + e.state().step());
      case TrainingEvent.Saved e -> System.out.println("checkpoint at step " + e.state().step());
      default -> {}
    }
  }
}
