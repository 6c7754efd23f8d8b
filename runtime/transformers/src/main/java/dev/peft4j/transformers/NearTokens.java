package dev.peft4j.transformers;

import dev.peft4j.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Which tokens those of a layer see.
 *
 * @param window those that are fewer than so many places away; 0 for all
 * @param alone 1 at padding that has no token in its window, (batch, tokens, 1); null if there is
 *     none
 */
record NearTokens(int window, @Nullable Tensor alone) {
  /** Every token sees all of them. */
  static final NearTokens ALL = new NearTokens(0, null);

  /**
   * Returns those of a window.
   *
   * @param mask the mask of padding, (batch, 1, 1, tokens), 0 at tokens; null if all are tokens
   */
  static NearTokens of(int window, @Nullable Tensor mask) {
    return new NearTokens(window, mask == null ? null : alone(mask, window));
  }

  private static @Nullable Tensor alone(Tensor mask, int window) {
    int batch = mask.dim(0);
    int tokens = mask.dim(3);
    float[] added = mask.toFloats();
    float[] out = new float[batch * tokens];
    boolean any = false;
    for (int b = 0; b < batch; b++) {
      int before = -window; // the place of the last token so far
      int after = 0; // that of the next one
      for (int i = 0; i < tokens; i++) {
        after = Math.max(after, i);
        while (after < tokens && added[b * tokens + after] != 0) {
          after++;
        }
        before = after == i ? i : before;
        boolean far = i - before >= window && (after == tokens || after - i >= window);
        out[b * tokens + i] = far ? 1 : 0;
        any |= far;
      }
    }
    return any ? Tensor.of(out, batch, tokens, 1) : null;
  }

  /**
   * Returns the result of attention: in transformers padding without a token in its window sees all
   * tokens alike, since nothing is hidden from it more than the rest.
   *
   * @param seen the result of the window, (batch, tokens, hidden)
   * @param values the values, of the same shape
   */
  Tensor result(Tensor seen, Tensor values) {
    Tensor far = alone;
    return far == null
        ? seen
        : values.mean(1).reshape(seen.dim(0), 1, seen.dim(2)).where(far, seen);
  }
}
