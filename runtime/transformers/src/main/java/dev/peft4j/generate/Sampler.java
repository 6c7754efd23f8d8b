package dev.peft4j.generate;

import dev.peft4j.data.Rng;

/** The choice of the next token from scores. */
@FunctionalInterface
interface Sampler {
  /** Takes the largest score. */
  Sampler GREEDY = Scores::argmax;

  /** Returns the token. */
  int choose(float[] scores);

  /** Returns a sampler that draws tokens by their probabilities, with numbers of its own. */
  static Sampler multinomial(long seed, int row) {
    Rng rng = new Rng(row == 0 ? seed : Rng.mix(seed + row));
    return scores -> draw(scores, rng.nextDouble());
  }

  private static int draw(float[] scores, double u) {
    float max = Scores.max(scores);
    double sum = 0;
    for (float s : scores) {
      sum += Math.exp(s - max);
    }
    if (!(sum > 0) || Double.isInfinite(sum)) { // NaN, infinity, or nothing left
      throw new dev.peft4j.Peft4jException(
          "no token can be drawn: the scores are NaN, or all of them are minus infinity; look at"
              + " the model's weights and the settings of generation");
    }
    double left = u * sum;
    int last = 0;
    for (int i = 0; i < scores.length; i++) {
      double p = Math.exp(scores[i] - max);
      if (p > 0) {
        last = i;
        left -= p;
        if (left < 0) {
          return i;
        }
      }
    }
    return last; // rounding
  }
}
