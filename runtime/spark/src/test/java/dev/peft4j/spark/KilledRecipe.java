package dev.peft4j.spark;

import dev.peft4j.spark.SmallRecipe.Batch;
import dev.peft4j.spark.SmallRecipe.Net;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.tuner.AdaptedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.TaskContext;

/**
 * A recipe whose executor dies once in the middle of a step, at the first loss of a batch after the
 * driver has made {@code armed}.
 *
 * @param folder where the files are by which the processes agree
 */
record KilledRecipe(SmallRecipe recipe, String folder)
    implements TrainingRecipe<Net, AdaptedModel<Net>, Batch> {
  private static final long serialVersionUID = 1L;

  static Path armed(Path folder) {
    return folder.resolve("armed");
  }

  static Path killed(Path folder) {
    return folder.resolve("killed");
  }

  @Override
  public Net base() {
    return recipe.base();
  }

  @Override
  public AdaptedModel<Net> adapt(Net base) {
    return recipe.adapt(base);
  }

  @Override
  public Batches<Batch> data() {
    return recipe.data();
  }

  @Override
  public Tensor loss(AdaptedModel<Net> model, Batch batch) {
    Tensor loss = recipe.loss(model, batch);
    if (TaskContext.get() != null && Files.exists(armed(Path.of(folder)))) {
      try {
        Files.createFile(killed(Path.of(folder)));
        Runtime.getRuntime().halt(137);
      } catch (FileAlreadyExistsException e) {
        return loss; // once is enough
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return loss;
  }
}
