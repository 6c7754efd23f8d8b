package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;

/** Integers, or a weight in codes, as float32: block by block, as the encoding says. */
final class DecodeKernel extends Kernel {
  private final Encoding encoding;
  private final int elements;
  private final int blocks;
  private final int parts;

  DecodeKernel(Site site) {
    super(site);
    this.encoding = site.encoding(0);
    this.elements = site.out().size();
    this.blocks = (int) encoding.blocks(elements);
    this.parts = parts(elements * 4L, blocks);
  }

  @Override
  void run() {
    share(parts);
  }

  @Override
  public void run(int part) {
    long block = encoding.blockValues();
    long from = start(blocks, part, parts) * block;
    long to = Math.min(start(blocks, part + 1, parts) * block, elements);
    encoding.decodeValues(Memory.ALL, in(0), from, to - from, Memory.ALL, out() + 4 * from);
  }
}
