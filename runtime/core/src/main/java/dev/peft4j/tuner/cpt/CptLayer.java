package dev.peft4j.tuner.cpt;

import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.ModelSlots;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.prompt.PromptLayer;
import dev.peft4j.tuner.prompt.VirtualTokens;
import dev.peft4j.tuner.prompt.WordRows;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link CptTuner} among the embeddings of a model. */
final class CptLayer extends PromptLayer {
  static final String CHANGE = "delta_embedding.weight";

  /** The bound of tokens that are not to change, as in peft. */
  private static final float LEAST = 1e-10f;

  /** The width that bounds are given for. */
  private static final double USUAL_WIDTH = 2048;

  private final Module owner;
  private final Parameter words;
  private final Parameter change;
  private final float[] bounds;
  private final Tensor trained;

  CptLayer(ModelSlots model, CptConfig config) {
    super(config.virtual().tokens());
    VirtualTokens v = config.virtual();
    this.owner = model.owner();
    this.words =
        v.inference()
            ? Initial.constant(0, v.tokens(), v.width())
            : WordRows.of(model, config.tokenIds().stream().mapToInt(Integer::intValue).toArray());
    this.change = Initial.constant(0, v.tokens(), v.width());
    this.bounds = new float[v.tokens()];
    float[] mask = new float[v.tokens()];
    double scale = Math.sqrt(v.width() / USUAL_WIDTH);
    for (int i = 0; i < mask.length; i++) {
      int part = Math.floorMod(config.typeMask().get(i), 4);
      double epsilon = part == 2 ? config.epsilon() : config.formatEpsilon();
      boolean bounded = config.typeMask().get(i) > 0 && part != 0;
      bounds[i] = bounded ? (float) (epsilon * scale) : LEAST;
      mask[i] = part == 0 ? 0 : 1;
    }
    this.trained = Tensor.of(mask, mask.length, 1);
  }

  /** Returns the change with each row scaled down to its bound. */
  private Tensor bounded() {
    int width = change.shape().dim(1);
    float[] values = change.own().toFloats();
    boolean far = false;
    for (int i = 0; i < bounds.length; i++) {
      double sum = 0;
      for (int j = 0; j < width; j++) {
        sum += (double) values[i * width + j] * values[i * width + j];
      }
      float norm = (float) Math.sqrt(sum);
      if (norm > bounds[i]) {
        far = true;
        for (int j = 0; j < width; j++) {
          values[i * width + j] *= bounds[i] / norm;
        }
      }
    }
    return far ? Tensor.of(values, bounds.length, width) : change;
  }

  @Override
  protected Tensor rows(int batch) {
    Tensor bounded = bounded();
    if (owner.training() && change.trainable()) {
      if (bounded != change) {
        change.set(bounded.toFloats()); // peft does so, too, before each pass
      }
      return words.add(change.mul(trained)).add(change.detach().mul(trained.neg().add(1)));
    }
    return words.add(bounded);
  }

  @Override
  public List<Entry> parameters() {
    Entry all = entry("embedding.weight", words);
    return List.of(Entry.frozen(all.group(), all.suffix(), words, true), entry(CHANGE, change));
  }

  /** Returns the sum of both, which is what files have. */
  @Override
  public @Nullable StoredTensor stored(Entry entry) {
    if (entry.suffix().equals(CHANGE)) {
      return null;
    }
    Tensor sum = words.add(bounded());
    return new StoredTensor(sum.shape(), sum.storage());
  }
}
