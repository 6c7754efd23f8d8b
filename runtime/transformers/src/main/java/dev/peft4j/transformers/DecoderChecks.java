package dev.peft4j.transformers;

import dev.peft4j.data.Shape;
import dev.peft4j.data.ShapeException;
import dev.peft4j.tensor.Tensor;

/** The checks of a decoder's input, made when it is called. */
final class DecoderChecks {
  private final DecoderConfig config;
  private final InputChecks checks;

  DecoderChecks(DecoderConfig config) {
    this.config = config;
    this.checks = new InputChecks(config.modelType());
  }

  void check(DecoderInput in) {
    Tensor ids = in.inputIds();
    Shape s = ids.shape();
    checks.tokenIds(ids);
    int rows = config.style().learnedPositions() ? config.maxPositions() : Integer.MAX_VALUE;
    checks.ids("token id", "vocab_size", ids, config.vocabSize());
    Tensor mask = in.attentionMask();
    if (mask != null) {
      checks.sameShape("attention mask", mask, s);
      checks.mask(mask);
    }
    Tensor positions = in.positionIds();
    if (positions == null) {
      if (s.dim(1) > rows && in.cache() == null) {
        throw checks.tooLong(s.dim(1), rows, rows);
      }
      return;
    }
    if (!positions.dtype().isInteger()
        || !positions.shape().equals(s) && !positions.shape().equals(Shape.of(1, s.dim(1)))) {
      throw new ShapeException(
          checks.model()
              + "position ids are "
              + positions.dtype()
              + " "
              + positions.shape()
              + ", needed integers "
              + s
              + " or (1, "
              + s.dim(1)
              + ")");
    }
    checks.ids("position id", "max_position_embeddings", positions, rows);
  }
}
