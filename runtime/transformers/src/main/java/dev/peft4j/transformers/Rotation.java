package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;

/**
 * Rotary positions (Su et al. 2021) of the tokens 0, 1, ... of every text: the two halves of a
 * head's numbers are rotated by angles that grow with the position.
 */
final class Rotation {
  private final Tensor cos;
  private final Tensor sin;

  /**
   * Computes the angles.
   *
   * @param size the numbers of a head
   * @param theta the base of the angles
   */
  Rotation(int tokens, int size, double theta) {
    int half = size / 2;
    float[] c = new float[tokens * size];
    float[] s = new float[tokens * size];
    for (int i = 0; i < half; i++) {
      // in float, as torch computes it
      float frequency = 1 / (float) Math.pow(theta, (float) (2 * i) / size);
      for (int t = 0; t < tokens; t++) {
        float angle = t * frequency;
        c[t * size + i] = c[t * size + half + i] = (float) Math.cos(angle);
        float sine = (float) Math.sin(angle);
        s[t * size + i] = -sine;
        s[t * size + half + i] = sine;
      }
    }
    this.cos = Tensor.of(c, 1, tokens, 1, size);
    this.sin = Tensor.of(s, 1, tokens, 1, size);
  }

  /**
   * Returns rotated queries or keys.
   *
   * @param x (batch, tokens, heads · size)
   */
  Tensor of(Tensor x, int heads) {
    int size = x.dim(2) / heads;
    Tensor split = x.reshape(x.dim(0), x.dim(1), heads, size);
    Tensor first = split.slice(3, 0, size / 2);
    Tensor second = split.slice(3, size / 2, size);
    Tensor swapped = Tensor.concat(3, second, first);
    return split.mul(cos).add(swapped.mul(sin)).reshape(x.dim(0), x.dim(1), x.dim(2));
  }
}
