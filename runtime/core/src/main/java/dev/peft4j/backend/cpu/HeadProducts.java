package dev.peft4j.backend.cpu;

import dev.peft4j.backend.cpu.DnnProduct.Steps;

/**
 * The products of attention, of several heads of one sequence at once. For one thread at a time.
 *
 * <p>The matrices are blocks of queries (count, d) or rows of their scores (count, keys), and keys
 * or values (keys, d), for each head.
 */
interface HeadProducts {
  /**
   * How the operands of a kernel lie in memory. The rows of scores lie one after another, each as
   * long as there are keys in a call.
   *
   * @param d size of a head
   * @param qRow from a query to the next, in elements
   * @param kRow from a key to the next
   * @param scale what scores are multiplied by
   * @param mask whether a row of as many elements as there are keys is then added to each of their
   *     rows
   */
  record Layout(int d, int qRow, int kRow, float scale, boolean mask) {
    Steps queries() {
      return new Steps(d, qRow, 1);
    }

    Steps keyRows() {
      return new Steps(d, kRow, 1);
    }

    Steps scores(int count, int keys) {
      return new Steps((long) count * keys, keys, 1);
    }

    /** The product of a kind, for {@code count} queries and so many keys. */
    Product product(Kind kind, int count, int keys) {
      return switch (kind) {
        case SCORES ->
            new Product(count, keys, d, queries(), turned(keyRows()), scores(count, keys), scale);
        case SCORE_GRADIENT ->
            new Product(count, keys, d, queries(), turned(keyRows()), scores(count, keys), 1);
        case VALUES -> new Product(count, d, keys, scores(count, keys), keyRows(), queries(), 1);
        case QUERY_GRADIENT ->
            new Product(count, d, keys, scores(count, keys), keyRows(), queries(), scale);
        case VALUE_GRADIENT ->
            new Product(keys, d, count, turned(scores(count, keys)), queries(), keyRows(), 1);
        case KEY_GRADIENT ->
            new Product(keys, d, count, turned(scores(count, keys)), queries(), keyRows(), scale);
      };
    }

    private static Steps turned(Steps s) {
      return new Steps(s.matrix(), s.column(), s.row());
    }
  }

  /** {@code c = factor * a · b} with (m, k), (k, n) and (m, n). */
  record Product(int m, int n, int k, Steps a, Steps b, Steps c, float factor) {}

  /** The products, by what they compute. */
  enum Kind {
    /** Queries and keys to scores. */
    SCORES,
    /** Probabilities and values to the result. */
    VALUES,
    /** Probabilities and the result's gradient to that of the values. */
    VALUE_GRADIENT,
    /** The result's gradient and the values to that of the probabilities. */
    SCORE_GRADIENT,
    /** The gradient of the scores and keys to that of the queries. */
    QUERY_GRADIENT,
    /** The gradient of the scores and queries to that of the keys. */
    KEY_GRADIENT
  }

  /**
   * Computes a product.
   *
   * @param heads how many heads, side by side
   * @param count how many queries
   * @param keys how many keys
   * @param add whether it is added to what is there
   * @param mask the row that is added to scores, if there is one
   */
  void run(
      Kind kind, int heads, int count, int keys, boolean add, long a, long b, long mask, long c);
}
