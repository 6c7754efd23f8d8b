package dev.peft4j.tuner.cpt;

import dev.peft4j.nn.ModelSlot;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/**
 * What counts in the loss with {@link CptTuner}: labels of the examples and, as those of a further
 * example, of the text.
 */
final class CptLabels implements TunerLayer {
  private static final int IGNORED = -100;

  /** The kind of a text's tokens above the largest of the examples. */
  private static final int OF_TEXT = 4;

  private final ModelSlot.Kind kind;
  private final CptConfig config;
  private final int ofText;

  CptLabels(ModelSlot.Kind kind, CptConfig config) {
    this.kind = kind;
    this.config = config;
    this.ofText = OF_TEXT + Collections.max(config.typeMask());
  }

  private int typeAt(int place) {
    return place < config.typeMask().size() ? config.typeMask().get(place) : ofText;
  }

  private static boolean isLabel(int type) {
    return type > 0 && type % 4 == 0;
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    return kind == ModelSlot.Kind.LABELS ? labels(base.apply(x)) : weights(base.apply(x));
  }

  private Tensor labels(Tensor given) {
    int places = given.dim(1);
    int[] all = given.toInts();
    for (int i = 0; i < all.length; i++) {
      int place = i % places;
      if (place < config.tokenIds().size()) {
        all[i] = config.tokenIds().get(place);
      }
      all[i] = isLabel(typeAt(place)) ? all[i] : IGNORED;
    }
    return Tensor.of(all, given.dim(0), places);
  }

  /** The last example counts in full, each one before by a factor less. */
  private Tensor weights(Tensor given) {
    int places = given.dim(1);
    float[] all = given.toFloats();
    if (!config.decay()) {
      return given;
    }
    TreeSet<Integer> types = new TreeSet<>();
    for (int i = 1; i < places; i++) {
      types.add(typeAt(i));
    }
    float[] row = new float[places];
    Arrays.fill(row, 1);
    double weight = 1;
    for (int type : types.descendingSet()) {
      if (isLabel(type)) {
        for (int i = 0; i < places; i++) {
          row[i] = typeAt(i) == type ? (float) weight : row[i];
        }
        weight *= config.decayFactor();
      }
    }
    for (int i = 0; i < all.length; i++) {
      all[i] *= row[i % places];
    }
    return Tensor.of(all, given.dim(0), places);
  }

  @Override
  public List<Entry> parameters() {
    return List.of();
  }

  /** Throws: there is no weight that virtual tokens could become a part of. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "virtual tokens are no part of any weight, so the adapter cannot be merged");
  }
}
