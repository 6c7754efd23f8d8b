package dev.peft4j.backend.cpu;

import com.google.auto.service.AutoService;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.MatMul;
import org.jspecify.annotations.Nullable;

/**
 * Products with a frozen weight in blocks of any encoding: forward, with its transpose, and
 * backward, with the weight itself. No float32 copy of the weight exists: of many rows a panel of
 * the weight is decoded into the cache and multiplied there ({@link CodedProduct}, {@link
 * CodedRoundedProduct}), of a few the codes are read once as they are ({@link CodedFewRows}).
 */
@AutoService(CodedKernels.class)
public final class CodedProductKernels implements CodedKernels {
  /** Creates the kernels; for {@link java.util.ServiceLoader}. */
  public CodedProductKernels() {}

  @Override
  public boolean reads(Op op, int i, Encoding encoding, Shape[] inputs) {
    Sizes s = i == 1 && encoding.hasBlocks() ? sizes(op, inputs[0], inputs[1]) : null;
    return s != null && (encoding.crossesRows() || encoding.fits(inputs[1]));
  }

  @Override
  public Kernel make(Kernel.Site site) {
    Sizes s = sizes(site.step().op(), site.in(0), site.in(1));
    if (s == null) {
      throw new IllegalStateException("no kernel of codes for " + site.step().op().name());
    }
    if (CodedFewRows.takes(s)) {
      return new CodedFewRows(site, s);
    }
    return CodedRoundedProduct.takes(s)
        ? new CodedRoundedProduct(site, s)
        : new CodedProduct(site, s);
  }

  /** A product of {@code rows} rows of length k with a weight (n, k), or (k, n) as it is. */
  record Sizes(boolean transposed, int rows, int n, int k) {}

  private static @Nullable Sizes sizes(Op op, Shape a, Shape b) {
    return switch (op) {
      case LinearOp _ -> new Sizes(true, a.rows(), b.dim(0), b.dim(1));
      case MatMul m when b.rank() == 2 && !m.transposeA() ->
          new Sizes(m.transposeB(), a.rows(), m.n(b), m.k(a));
      default -> null;
    };
  }
}
