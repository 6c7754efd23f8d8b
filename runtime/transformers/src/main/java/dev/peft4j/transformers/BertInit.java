package dev.peft4j.transformers;

import dev.peft4j.data.DType;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * Makes BERT's layers: with transformers' first weights (normal numbers, biases zero), or all zeros
 * where a checkpoint is about to replace them and drawing numbers would be time lost.
 */
final class BertInit {
  private final @Nullable Rng rng;
  private final float std;

  private BertInit(@Nullable Rng rng, double std) {
    this.rng = rng;
    this.std = (float) std;
  }

  static BertInit random(BertConfig config) {
    return new BertInit(Rng.current(), config.initializerRange());
  }

  static BertInit zeros() {
    return new BertInit(null, 0);
  }

  Linear linear(int in, int out) {
    return new Linear(weight(out, in), Initial.constant(0, out));
  }

  Embedding embedding(int count, int dim) {
    return new Embedding(weight(count, dim));
  }

  /** A table whose first row, that of padding, is zero as in torch. */
  Embedding paddedEmbedding(int count, int dim) {
    Parameter table = weight(count, dim);
    for (int i = 0; i < dim && rng != null; i++) {
      table.own().setFloat(i, 0);
    }
    return new Embedding(table);
  }

  private Parameter weight(int rows, int columns) {
    if (rng != null) {
      return Initial.normal(rng, std, rows, columns);
    }
    Shape shape = Shape.of(rows, columns);
    return new Parameter(Storage.zeros(DType.FLOAT32, shape.elements()), shape);
  }
}
