package dev.peft4j.backend.reference;

import com.google.auto.service.AutoService;
import dev.peft4j.backend.Backend;
import dev.peft4j.backend.ProgramCache;
import dev.peft4j.graph.Again;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import dev.peft4j.graph.SumTo;
import dev.peft4j.op.Arange;
import dev.peft4j.op.Causal;
import dev.peft4j.op.Concat;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Gather;
import dev.peft4j.op.GatherAlong;
import dev.peft4j.op.MatMul;
import dev.peft4j.op.MaxTo;
import dev.peft4j.op.OneHot;
import dev.peft4j.op.Pad;
import dev.peft4j.op.Permute;
import dev.peft4j.op.RandomMask;
import dev.peft4j.op.Reshape;
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.op.ScatterAlong;
import dev.peft4j.op.Slice;
import dev.peft4j.op.Unfold;
import org.jspecify.annotations.Nullable;

/**
 * A backend of naive loops, one primitive at a time; everything else is decomposed for it. It is
 * the definition of what an op computes, not a backend to train with.
 *
 * <p>Precision: whatever adds up (sums, products, scattered rows) does so in double precision and
 * is rounded to float32 once; the functions of an element-wise expression are each rounded to
 * float32, so that fusing a chain changes nothing.
 */
@AutoService(Backend.class)
public final class ReferenceBackend implements Backend {
  private final ProgramCache programs = new ProgramCache(this);

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public boolean supports(Op op) {
    return kernel(op) != null;
  }

  @Override
  public Executable compile(Program program) {
    return new ReferenceProgram(program);
  }

  @Override
  public ProgramCache programs() {
    return programs;
  }

  /** The kernel of a primitive, or null for an op that is to be decomposed. */
  static @Nullable Kernel kernel(Op op) {
    return switch (op) {
      case Elementwise e -> (in, out) -> ElementwiseKernel.run(e, in, out);
      case SumTo s -> ReductionKernels::sum;
      case MaxTo m -> ReductionKernels::max;
      case BroadcastTo b -> ShapeKernels::broadcast;
      case Reshape r -> ShapeKernels::reshape;
      case Again a -> ShapeKernels::reshape;
      case Permute p -> (in, out) -> ShapeKernels.permute(p, in, out);
      case Slice s -> (in, out) -> ShapeKernels.slice(s, in, out);
      case Pad p -> (in, out) -> ShapeKernels.pad(p, in, out);
      case Concat c -> (in, out) -> ShapeKernels.concat(c, in, out);
      case MatMul m -> (in, out) -> MatMulKernel.run(m, in, out);
      case Decode d -> LookupKernels::decode;
      case Gather g -> LookupKernels::gather;
      case ScatterAdd s -> LookupKernels::scatterAdd;
      case GatherAlong g -> LookupKernels::gatherAlong;
      case ScatterAlong s -> LookupKernels::scatterAlong;
      case OneHot h -> (in, out) -> LookupKernels.oneHot(h, in, out);
      case RandomMask m -> (in, out) -> LookupKernels.randomMask(m, in, out);
      case Causal c -> LookupKernels::causal;
      case Arange a -> LookupKernels::arange;
      case Unfold u -> (in, out) -> WindowKernels.unfold(u, in, out);
      case Fold f -> (in, out) -> WindowKernels.fold(f, in, out);
      default -> null;
    };
  }

  /** Computes {@code out}, which is zeroed, from the inputs of a step. */
  interface Kernel {
    void run(Values[] in, Values out);
  }
}
