package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Again;
import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.SumTo;
import dev.peft4j.op.Arange;
import dev.peft4j.op.Attention;
import dev.peft4j.op.AttentionGrad;
import dev.peft4j.op.Causal;
import dev.peft4j.op.Concat;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.CrossEntropyGrad;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Gather;
import dev.peft4j.op.GatherAlong;
import dev.peft4j.op.HeadLoss;
import dev.peft4j.op.HeadLossGrad;
import dev.peft4j.op.HeadMetrics;
import dev.peft4j.op.Inverse;
import dev.peft4j.op.KeepSamples;
import dev.peft4j.op.LayerNorm;
import dev.peft4j.op.LayerNormGrad;
import dev.peft4j.op.LinearOp;
import dev.peft4j.op.LogSoftmax;
import dev.peft4j.op.MatMul;
import dev.peft4j.op.MaxTo;
import dev.peft4j.op.OneHot;
import dev.peft4j.op.Pad;
import dev.peft4j.op.Permute;
import dev.peft4j.op.RandomMask;
import dev.peft4j.op.Reshape;
import dev.peft4j.op.RmsNorm;
import dev.peft4j.op.RmsNormGrad;
import dev.peft4j.op.Rotary;
import dev.peft4j.op.RowDots;
import dev.peft4j.op.SampleLinear;
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.op.ScatterAlong;
import dev.peft4j.op.Slice;
import dev.peft4j.op.Softmax;
import dev.peft4j.op.SoftmaxGrad;
import dev.peft4j.op.SparseProduct;
import dev.peft4j.op.Unfold;
import dev.peft4j.op.WriteRows;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which kernel computes which op. An op that is not here is decomposed. A switch and not a map: the
 * classes of kernels that a model does not use are never loaded.
 */
final class Kernels {
  private Kernels() {}

  static boolean supports(Op op) {
    return maker(op) != null;
  }

  /**
   * True if the kernel of {@code op} reads input {@code i}, a frozen weight in codes, as it is: a
   * lookup whatever the encoding, which decodes the rows that it finds, and so an output layer
   * under its loss; a product if it packs the weight anyway, or if one of {@link CodedKernels}
   * does.
   */
  static boolean reads(Op op, int i, Encoding encoding, Shape[] inputs) {
    return i == 0 && op instanceof Gather
        || op instanceof HeadLoss l && HeadLossKernel.reads(l, i)
        || op instanceof HeadMetrics m && HeadLossKernel.reads(m.loss(), i)
        || op instanceof HeadLossGrad g && HeadLossKernel.reads(g.loss(), i)
        || i == 1
            && !encoding.hasBlocks()
            && (FewRowsKernel.takes(op, inputs[0], inputs[1])
                || FrozenProductKernel.takes(op, inputs[0], inputs[1]))
        || CodedKernels.of(op, i, encoding, inputs) != null;
  }

  static Kernel make(Kernel.Site site) {
    Op op = site.step().op();
    CodedKernels coded = coded(site);
    if (coded != null) {
      return coded.make(site);
    }
    Function<Kernel.Site, Kernel> maker = maker(op);
    if (maker == null) {
      throw new IllegalStateException("no kernel for " + op.name());
    }
    return maker.apply(site);
  }

  private static @Nullable CodedKernels coded(Kernel.Site site) {
    for (int i = 0; i < site.step().inputs().length; i++) {
      Encoding encoding = site.encoding(i);
      if (!encoding.isPlain()) {
        Shape[] shapes = site.program().inputShapes(site.step());
        return CodedKernels.of(site.step().op(), i, encoding, shapes);
      }
    }
    return null;
  }

  private static @Nullable Function<Kernel.Site, Kernel> maker(Op op) {
    return switch (op) {
      case Elementwise _ -> ElementwiseKernel::of;
      case BroadcastTo _ -> ElementwiseKernel::of;
      case SumTo _ -> site -> new ReduceKernel(site, false);
      case MaxTo _ -> site -> new ReduceKernel(site, true);
      case MatMul _ -> ProductKernel::matmul;
      case LinearOp _ -> ProductKernel::linear;
      case SampleLinear _ -> SampleKernel.Linear::new;
      case KeepSamples _ -> SampleKernel.Keep::new;
      case Softmax _ -> RowKernel::softmax;
      case SoftmaxGrad _ -> RowKernel::softmaxGrad;
      case LogSoftmax _ -> RowKernel::logSoftmax;
      case LayerNorm _ -> RowKernel::layerNorm;
      case LayerNormGrad _ -> RowKernel::layerNormGrad;
      case RmsNorm _ -> RowKernel::rmsNorm;
      case RmsNormGrad _ -> RowKernel::rmsNormGrad;
      case Attention _ -> AttentionKernel::forward;
      case AttentionGrad _ -> AttentionKernel::gradient;
      case CrossEntropy _ -> LossKernel.Forward::new;
      case CrossEntropyGrad _ -> LossKernel.Gradient::new;
      case HeadLoss l -> site -> new HeadLossKernel(site, l, null);
      case HeadMetrics m -> site -> new HeadLossKernel(site, m.loss(), null);
      case HeadLossGrad g -> site -> new HeadLossKernel(site, g.loss(), g);
      case Gather _ -> LookupKernel.Rows::new;
      case ScatterAdd _ -> LookupKernel.Add::new;
      case SparseProduct _ -> SparseKernel.Product::new;
      case RowDots _ -> SparseKernel.Dots::new;
      case GatherAlong _ -> AlongKernel.Elements::new;
      case ScatterAlong _ -> AlongKernel.Sums::new;
      case WriteRows _ -> LookupKernel.Write::new;
      case OneHot _ -> LookupKernel.Hot::new;
      case Decode _ -> DecodeKernel::new;
      case RandomMask _ -> FillKernel.Mask::new;
      case Arange _ -> FillKernel.Numbers::new;
      case Rotary _ -> RotaryKernel::new;
      case Causal _ -> FillKernel.Triangle::new;
      case Reshape _ -> CopyKernel::whole;
      case Again _ -> CopyKernel::whole;
      case Slice _ -> CopyKernel::slice;
      case Pad _ -> CopyKernel::pad;
      case Concat _ -> CopyKernel::concat;
      case Permute _ -> PermuteKernel::new;
      case Unfold _ -> WindowKernel::unfold;
      case Fold _ -> WindowKernel::fold;
      case Inverse _ -> InverseKernel::new;
      default -> null;
    };
  }
}
