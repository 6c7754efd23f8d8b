package dev.peft4j.spark;

import dev.peft4j.backend.Backends;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.Trainable;
import dev.peft4j.optim.Optimizer;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingListener;
import dev.peft4j.train.TrainingResult;
import dev.peft4j.train.TrainingSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * A {@link Trainer} whose gradients are computed by the executors of Spark. In each step they get
 * the values of the parameters that are trained, and each batch of the step ({@link
 * TrainingSettings#accumulation}) is a task that returns its gradients. The driver adds them in
 * float32, in the order of the batches, clips, steps, evaluates and writes checkpoints.
 *
 * <p>The result is that of a trainer in one process with the same settings, bit for bit, however
 * many executors there are and whatever happens to them, as long as processors are alike and each
 * batch is computed with as many threads ({@code -Dpeft4j.threads}) as there.
 *
 * <pre>{@code
 * try (var trainer = SparkTrainer.of(spark, recipe, p -> AdamW.of(p, 1e-3f))) {
 *   trainer.settings(TrainingSettings.builder().epochs(3).accumulation(8).build())
 *       .checkpoints(Path.of("run"))
 *       .resume();
 *   trainer.model().save(Path.of("adapter"));
 * }
 * }</pre>
 *
 * @param <P> the model that is trained
 * @param <B> what the loss is computed from
 */
public final class SparkTrainer<P extends Trainable, B> implements AutoCloseable {
  private static final String JAVA = "org.apache.spark.serializer.JavaSerializer";

  private final P model;
  private final ExecutorGradients gradients;
  private final Trainer<B> trainer;
  private GradientCompression compression = GradientCompression.NONE;
  private boolean saved;

  private SparkTrainer(P model, ExecutorGradients gradients, Trainer<B> trainer) {
    this.model = model;
    this.gradients = gradients;
    this.trainer = trainer;
  }

  /**
   * Creates a trainer that runs one epoch, unless {@link #settings} say otherwise. The driver makes
   * a model of its own.
   *
   * @param optimizer makes the optimizer of all parameters that it is given, in their order
   * @throws IOException if the base or the data cannot be read here
   * @throws IllegalArgumentException if the optimizer trains other parameters, or {@code
   *     spark.serializer} is another than Spark's default
   */
  public static <M, P extends Trainable, B> SparkTrainer<P, B> of(
      SparkSession spark,
      TrainingRecipe<M, P, B> recipe,
      Function<List<Parameter>, ? extends Optimizer> optimizer)
      throws IOException {
    requireJavaSerialization(spark);
    P model = recipe.adapt(recipe.base());
    Batches<B> data = recipe.data();
    List<Parameter> trained = model.trainableParameters();
    Optimizer made = optimizer.apply(trained);
    if (!made.parameters().equals(trained)) {
      throw new IllegalArgumentException(
          "the optimizer trains "
              + made.parameters().size()
              + " parameters, it has to train the "
              + trained.size()
              + " that it was given, in their order; freeze the others in the recipe");
    }
    Start start =
        new Start(
            UUID.randomUUID().toString(),
            recipe,
            ExecutorModel.parameters(model),
            ModelDigest.of(model),
            data.fingerprint(),
            Backends.current().threads());
    ExecutorGradients gradients =
        new ExecutorGradients(JavaSparkContext.fromSparkContext(spark.sparkContext()), start);
    Trainer<B> trainer =
        Trainer.of(model, made, data, (B b) -> recipe.loss(model, b)).gradients(gradients);
    return new SparkTrainer<>(model, gradients, trainer);
  }

  /** Recipes hold functions, which only Java's serialization takes. */
  private static void requireJavaSerialization(SparkSession spark) {
    String used = spark.sparkContext().getConf().get("spark.serializer", JAVA);
    if (!used.equals(JAVA)) {
      throw new IllegalArgumentException(
          "spark.serializer is " + used + "; training needs Spark's default, " + JAVA);
    }
  }

  /** Returns the driver's model, which is trained. */
  public P model() {
    return model;
  }

  /** Sets the settings; {@link TrainingSettings#accumulation} batches of a step are tasks. */
  public SparkTrainer<P, B> settings(TrainingSettings value) {
    trainer.settings(value);
    return this;
  }

  /** Sets the driver's folder for checkpoints; see {@link Trainer#checkpoints}. */
  public SparkTrainer<P, B> checkpoints(Path folder) {
    trainer.checkpoints(folder);
    saved = true;
    return this;
  }

  /** Adds a listener for events, on the driver. */
  public SparkTrainer<P, B> listener(TrainingListener listener) {
    trainer.listener(listener);
    return this;
  }

  /** Sets the evaluator, which measures the driver's model there. */
  public SparkTrainer<P, B> evaluator(Function<? super P, ? extends Evaluator> value) {
    trainer.evaluator(value.apply(model));
    return this;
  }

  /** Sets how gradients travel; {@link GradientCompression#NONE} unless it is set. */
  public SparkTrainer<P, B> compression(GradientCompression value) {
    compression = value;
    return this;
  }

  /** Records something in checkpoints; see {@link Trainer#remember}. */
  public SparkTrainer<P, B> remember(String what, String value) {
    trainer.remember(what, value);
    return this;
  }

  /** Ends a run after its current step; another thread may call it. */
  public void stop() {
    trainer.stop();
  }

  /**
   * Trains from the beginning; see {@link Trainer#run}.
   *
   * @throws SparkTrainingException if an executor cannot take part, naming its host
   */
  public TrainingResult run() {
    return prepared().run();
  }

  /**
   * Resumes from the latest good checkpoint; see {@link Trainer#resume}.
   *
   * @throws SparkTrainingException if an executor cannot take part, naming its host
   */
  public TrainingResult resume() {
    return prepared().resume();
  }

  private Trainer<B> prepared() {
    gradients.compression(compression);
    return saved ? trainer.remember("gradient compression", compression.toString()) : trainer;
  }

  /** Frees what the executors got for this run. */
  @Override
  public void close() {
    gradients.close();
  }
}
