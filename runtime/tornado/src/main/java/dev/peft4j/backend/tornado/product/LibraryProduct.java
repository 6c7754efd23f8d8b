package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.Strides;
import dev.peft4j.backend.cublas.Gemm;
import dev.peft4j.backend.tornado.kernel.KernelCall;
import dev.peft4j.backend.tornado.kernel.LibraryCall;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Products by cuBLAS. Operands are read as they are, in every order. Matrices at equal distances
 * are one call; others, and heads that share one of the other operand, are several in one task.
 */
public final class LibraryProduct implements MatrixProduct {
  /** The name under which cuBLAS is entered. */
  public static final String CUBLAS = "peft4j/cublas";

  private final Gemm.Compute compute;

  /** Creates products of some arithmetic. */
  public LibraryProduct(Gemm.Compute compute) {
    this.compute = compute;
  }

  @Override
  public int packedSize(ProductShape s, boolean frozen) {
    return 0;
  }

  @Override
  public KernelCall pack(ProductShape s, FloatArray b, FloatArray packed) {
    throw new IllegalStateException("products of cuBLAS read their operands as they are");
  }

  @Override
  public KernelCall pack(ProductShape s, ShortArray b, DeviceCodes codes, FloatArray packed) {
    return codes.decode(b, packed, s.sizeB());
  }

  @Override
  public KernelCall multiply(
      ProductShape s,
      FloatArray a,
      FloatArray b,
      boolean packed,
      @Nullable FloatArray bias,
      FloatArray c,
      boolean accumulate) {
    if (packed) {
      throw new IllegalArgumentException("products of cuBLAS read their operands as they are");
    }
    return call(
        products(s, one(s).with(accumulate, bias != null, Gemm.Activation.NONE)), a, b, c, bias);
  }

  @Override
  public boolean reads16Bits() {
    return compute == Gemm.Compute.BF16;
  }

  @Override
  public KernelCall multiply(
      ProductShape s, FloatArray halves, ShortArray b, @Nullable FloatArray bias, FloatArray c) {
    Gemm one = one(s).of(Gemm.Type.BFLOAT16).with(false, bias != null, Gemm.Activation.NONE);
    return call(products(s, one), halves, b, c, bias);
  }

  @Override
  public KernelCall multiply(HeadProduct s, FloatArray a, FloatArray b, FloatArray c) {
    Gemm one = Gemm.of(s.m(), s.n(), s.k(), s.transposeA(), s.transposeB(), compute);
    return call(heads(s, one), a, b, c, null);
  }

  private Gemm one(ProductShape s) {
    return Gemm.of(s.m(), s.n(), s.k(), s.transposeA(), s.transposeB(), compute);
  }

  /** The calls for all matrices: one for the innermost loop, for each position of the others. */
  static List<Gemm> products(ProductShape s, Gemm one) {
    Strides loops = s.loops();
    int count = loops.inner();
    long sizeA = (long) s.m() * s.k();
    long sizeB = (long) s.n() * s.k();
    long sizeC = (long) s.m() * s.n();
    List<Gemm> all = new ArrayList<>();
    for (int row = 0; row < s.matrices() / count; row++) {
      all.add(
          one.at(
              new Gemm.Place(
                  loops.rowStart(0, row) * sizeA, one.a().row(), loops.innerStep(0) * sizeA),
              new Gemm.Place(
                  loops.rowStart(1, row) * sizeB, one.b().row(), loops.innerStep(1) * sizeB),
              new Gemm.Place(row * count * sizeC, one.c().row(), sizeC),
              count));
    }
    return all;
  }

  /** The calls for all heads: over sequences or over heads, whichever are fewer. */
  static List<Gemm> heads(HeadProduct s, Gemm one) {
    boolean overSequences = s.batch() < s.heads() && s.group() == 1;
    List<Gemm> all = new ArrayList<>();
    if (overSequences) {
      for (int z = 0; z < s.batch(); z++) {
        all.add(
            one.at(
                place(s.a(), z, 0, s.a().ofHead()),
                place(s.b(), z, 0, s.b().ofHead()),
                place(s.c(), z, 0, s.c().ofHead()),
                s.heads()));
      }
    } else {
      for (int h = 0; h < s.heads(); h++) {
        all.add(
            one.at(
                place(s.a(), 0, h, s.a().ofBatch()),
                place(s.b(), 0, h / s.group(), s.b().ofBatch()),
                place(s.c(), 0, h, s.c().ofBatch()),
                s.batch()));
      }
    }
    return all;
  }

  private static Gemm.Place place(HeadProduct.Heads p, int sequence, int head, long step) {
    return new Gemm.Place(
        p.start() + (long) sequence * p.ofBatch() + (long) head * p.ofHead(), p.row(), step);
  }

  private static KernelCall call(
      List<Gemm> products, Object a, Object b, FloatArray c, @Nullable FloatArray bias) {
    List<Object> buffers = new ArrayList<>(List.of(a));
    if (b != a) {
      buffers.add(b);
    }
    int atB = buffers.size() - 1;
    buffers.add(c);
    int atC = buffers.size() - 1;
    if (bias != null) {
      buffers.add(bias);
    }
    return new KernelCall(
        new LibraryCall(CUBLAS, products, 0, atB, atC, bias == null ? -1 : atC + 1), buffers);
  }
}
