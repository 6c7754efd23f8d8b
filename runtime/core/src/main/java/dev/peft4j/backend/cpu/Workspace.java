package dev.peft4j.backend.cpu;

import dev.peft4j.Peft4jException;
import java.lang.foreign.Arena;
import java.util.concurrent.ConcurrentLinkedDeque;

/**
 * The memory that programs compute in: one block for each run that is going on, kept mapped and
 * used again by whatever program runs next.
 */
final class Workspace implements AutoCloseable {
  /** A block, and the arena that frees it when a larger one takes its place. */
  record Block(Arena arena, long address, long bytes) {}

  private final ConcurrentLinkedDeque<Block> free = new ConcurrentLinkedDeque<>();

  Block take(long bytes) {
    Block b = free.pollFirst();
    if (b != null && b.bytes >= bytes) {
      return b;
    }
    if (b != null) {
      b.arena.close();
    }
    Arena arena = Arena.ofShared();
    try {
      long size = Math.max(bytes, 1 << 16);
      return new Block(arena, HugePages.allocate(arena, size).address(), size);
    } catch (OutOfMemoryError e) {
      arena.close();
      throw new Peft4jException(
          "out of memory: the program needs "
              + (bytes >> 20)
              + " MiB outside the Java heap; use a smaller batch",
          e);
    }
  }

  void give(Block b) {
    free.addFirst(b);
  }

  /** Frees the blocks that no run uses at this moment. */
  @Override
  public void close() {
    for (Block b = free.pollFirst(); b != null; b = free.pollFirst()) {
      b.arena.close();
    }
  }
}
