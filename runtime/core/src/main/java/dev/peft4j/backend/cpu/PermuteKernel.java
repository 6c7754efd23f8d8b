package dev.peft4j.backend.cpu;

import dev.peft4j.backend.Strides;
import dev.peft4j.data.Shape;
import dev.peft4j.op.Permute;
import java.lang.foreign.MemorySegment;

/** Reorders dimensions; whole runs are copied where the innermost dimension stays innermost. */
final class PermuteKernel extends Kernel {
  private final Strides strides;
  private final int bytes;
  private final boolean empty;
  private final int parts;

  PermuteKernel(Site site) {
    super(site);
    Permute op = (Permute) site.step().op();
    Shape out = site.out();
    int[] own = site.in(0).strides();
    int[] in = new int[out.rank()];
    for (int i = 0; i < in.length; i++) {
      in[i] = own[op.order().get(i)];
    }
    this.strides = Strides.join(out.toArray(), new int[][] {in, out.strides()});
    this.bytes = site.program().dtype(site.step().output()).bytes();
    this.empty = out.size() == 0;
    this.parts = parts(out.size() * 2L, strides.rows());
  }

  @Override
  void run() {
    if (!empty) {
      share(parts);
    }
  }

  @Override
  public void run(int part) {
    int inner = strides.inner();
    int step = strides.innerStep(0);
    for (int r = start(strides.rows(), part, parts);
        r < start(strides.rows(), part + 1, parts);
        r++) {
      long src = in(0) + (long) bytes * strides.rowStart(0, r);
      long dst = out() + (long) bytes * r * inner;
      if (step == 1) {
        MemorySegment.copy(Memory.ALL, src, Memory.ALL, dst, (long) bytes * inner);
      } else if (bytes == 4) {
        for (int i = 0; i < inner; i++) {
          Memory.setInt(dst + 4L * i, Memory.getInt(src + 4L * i * step));
        }
      } else {
        for (int i = 0; i < inner; i++) {
          Memory.setLong(dst + 8L * i, Memory.getLong(src + 8L * i * step));
        }
      }
    }
  }
}
