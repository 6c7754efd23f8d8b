package dev.peft4j.tuner.pvera;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.random.Noise;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The normal numbers of one layer. With a seed they are those of a torch generator that starts from
 * it; how many random words it has drawn is then the position of {@link #generator}, so that a
 * checkpoint holds it.
 */
final class Samples {
  private final WeightedLayer layer;
  private final Rng rng;
  private final boolean seeded;
  private @Nullable TorchGenerator torch;

  Samples(WeightedLayer layer, int seed, Rng rng) {
    this.layer = layer;
    this.seeded = seed >= 0;
    this.rng = seeded ? new Rng(seed) : rng.split();
  }

  Tensor of(Shape shape) {
    int n = shape.size();
    Rng own = layer.generator(rng);
    float[] values = seeded ? Noise.of(n, () -> drawn(own, n)) : Noise.normal(own, n);
    return Tensor.of(values, shape.toArray());
  }

  private synchronized float[] drawn(Rng own, int n) {
    TorchGenerator g = torch;
    if (g == null || g.position() != own.position()) {
      g = new TorchGenerator(own.seed());
      g.skip(own.position());
      torch = g;
    }
    float[] values = g.normal(n, 0, 1);
    own.restore(own.seed(), g.position());
    return values;
  }

  Rng generator() {
    return rng;
  }
}
