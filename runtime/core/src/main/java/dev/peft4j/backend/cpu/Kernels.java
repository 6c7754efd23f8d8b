package dev.peft4j.backend.cpu;

import dev.peft4j.graph.BroadcastTo;
import dev.peft4j.graph.Elementwise;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.SumTo;
import dev.peft4j.op.Attention;
import dev.peft4j.op.AttentionGrad;
import dev.peft4j.op.Causal;
import dev.peft4j.op.Concat;
import dev.peft4j.op.CrossEntropy;
import dev.peft4j.op.CrossEntropyGrad;
import dev.peft4j.op.Fold;
import dev.peft4j.op.Gather;
import dev.peft4j.op.GatherAlong;
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
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.op.ScatterAlong;
import dev.peft4j.op.Slice;
import dev.peft4j.op.Softmax;
import dev.peft4j.op.SoftmaxGrad;
import dev.peft4j.op.ToFloat;
import dev.peft4j.op.Unfold;
import java.util.Map;
import java.util.function.Function;

/** Which kernel computes which op. An op that is not here is decomposed. */
final class Kernels {
  private static final Map<Class<? extends Op>, Function<Kernel.Site, Kernel>> MAKERS =
      Map.ofEntries(
          Map.entry(Elementwise.class, ElementwiseKernel::of),
          Map.entry(BroadcastTo.class, ElementwiseKernel::of),
          Map.entry(SumTo.class, site -> new ReduceKernel(site, false)),
          Map.entry(MaxTo.class, site -> new ReduceKernel(site, true)),
          Map.entry(MatMul.class, ProductKernel::matmul),
          Map.entry(LinearOp.class, ProductKernel::linear),
          Map.entry(Softmax.class, RowKernel::softmax),
          Map.entry(SoftmaxGrad.class, RowKernel::softmaxGrad),
          Map.entry(LogSoftmax.class, RowKernel::logSoftmax),
          Map.entry(LayerNorm.class, RowKernel::layerNorm),
          Map.entry(LayerNormGrad.class, RowKernel::layerNormGrad),
          Map.entry(RmsNorm.class, RowKernel::rmsNorm),
          Map.entry(RmsNormGrad.class, RowKernel::rmsNormGrad),
          Map.entry(Attention.class, AttentionKernel::forward),
          Map.entry(AttentionGrad.class, AttentionKernel::gradient),
          Map.entry(CrossEntropy.class, LossKernel.Forward::new),
          Map.entry(CrossEntropyGrad.class, LossKernel.Gradient::new),
          Map.entry(Gather.class, LookupKernel.Rows::new),
          Map.entry(ScatterAdd.class, LookupKernel.Add::new),
          Map.entry(GatherAlong.class, AlongKernel.Elements::new),
          Map.entry(ScatterAlong.class, AlongKernel.Sums::new),
          Map.entry(OneHot.class, LookupKernel.Hot::new),
          Map.entry(ToFloat.class, FillKernel.Floats::new),
          Map.entry(RandomMask.class, FillKernel.Mask::new),
          Map.entry(Causal.class, FillKernel.Triangle::new),
          Map.entry(Reshape.class, CopyKernel::whole),
          Map.entry(Slice.class, CopyKernel::slice),
          Map.entry(Pad.class, CopyKernel::pad),
          Map.entry(Concat.class, CopyKernel::concat),
          Map.entry(Permute.class, PermuteKernel::new),
          Map.entry(Unfold.class, WindowKernel::unfold),
          Map.entry(Fold.class, WindowKernel::fold));

  private Kernels() {}

  static boolean supports(Op op) {
    return MAKERS.containsKey(op.getClass());
  }

  static Kernel make(Kernel.Site site) {
    Function<Kernel.Site, Kernel> maker = MAKERS.get(site.step().op().getClass());
    if (maker == null) {
      throw new IllegalStateException("no kernel for " + site.step().op().name());
    }
    return maker.apply(site);
  }
}
