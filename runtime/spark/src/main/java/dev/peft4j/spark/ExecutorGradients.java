package dev.peft4j.spark;

import dev.peft4j.data.Storage;
import dev.peft4j.nn.Parameter;
import dev.peft4j.train.BatchGradient;
import dev.peft4j.train.BatchTask;
import dev.peft4j.train.GradientSource;
import dev.peft4j.train.StepPlace;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.jspecify.annotations.Nullable;

/** The gradients of a step, computed by the executors: a Spark job a step, a task a batch. */
final class ExecutorGradients implements GradientSource, AutoCloseable {
  private final JavaSparkContext spark;
  private final Broadcast<Start> start;
  private GradientCompression compression = GradientCompression.NONE;

  ExecutorGradients(JavaSparkContext spark, Start start) {
    this.spark = spark;
    this.start = spark.broadcast(start);
  }

  void compression(GradientCompression value) {
    compression = value;
  }

  @Override
  public void compute(
      StepPlace place,
      List<BatchTask> tasks,
      List<Parameter> parameters,
      Consumer<BatchGradient> results) {
    List<@Nullable Storage> values = new ArrayList<>();
    List<Boolean> trained = new ArrayList<>();
    for (Parameter p : parameters) {
      values.add(p.own());
      trained.add(p.trainable());
    }
    long local = spark.isLocal() ? HandOver.newStep() : 0;
    Tensors all = new Tensors(values, GradientCompression.NONE, local);
    Broadcast<StepValues> step =
        spark.broadcast(new StepValues(place, all, trained, compression, local));
    Broadcast<Start> run = start;
    try {
      List<StepResult> found =
          spark
              .parallelize(tasks, tasks.size())
              .map(task -> ExecutorModel.of(run.value()).compute(step.value(), task))
              .collect();
      for (StepResult r : found) {
        if (r.refusal() != null) {
          throw new SparkTrainingException(r.refusal(), null);
        }
        results.accept(r.gradient());
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) { // Scala's methods do not declare what they throw
      throw failed(place, e);
    } finally {
      destroy(step);
      HandOver.end(local);
    }
  }

  private static RuntimeException failed(StepPlace place, Exception e) {
    return e instanceof SparkException
        ? new SparkTrainingException(
            "step "
                + place.step()
                + " cannot be computed by the executors: "
                + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
            e)
        : new IllegalStateException(e);
  }

  private void destroy(Broadcast<?> values) {
    if (!spark.sc().isStopped()) {
      values.destroy();
    }
  }

  @Override
  public void close() {
    destroy(start);
  }
}
