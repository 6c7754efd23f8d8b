package dev.peft4j.transformers;

import dev.peft4j.nn.Layer;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** A layer norm without bias for each head, as StableLM has them. */
final class HeadNorms extends NamedParts implements Layer {
  private final List<LayerNorm> norms = new ArrayList<>();

  HeadNorms(int heads, int dim, double eps) {
    for (int h = 0; h < heads; h++) {
      norms.add(part("norms." + h, new LayerNorm(dim, (float) eps, false)));
    }
  }

  /** Returns the normalised heads of {@code x} (batch, tokens, heads, d). */
  @Override
  public Tensor forward(Tensor x) {
    Tensor[] heads = new Tensor[norms.size()];
    for (int h = 0; h < heads.length; h++) {
      heads[h] = norms.get(h).forward(x.slice(2, h, h + 1));
    }
    return Tensor.concat(2, heads);
  }
}
