package dev.peft4j.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Large blocks in pages of 2 MiB where the system has them (Linux: {@code mmap} and {@code
 * madvise}). A step walks through hundreds of megabytes; with pages of 4 KiB, translating addresses
 * takes a noticeable part of its time, and so does handing out the pages in the first step.
 * Elsewhere, and for small blocks, it is ordinary memory.
 */
@SuppressWarnings("restricted")
final class HugePages {
  private static final long PAGE = 2L << 20;
  private static final long SMALL = 4096;
  private static final int READ_WRITE = 3;
  private static final int PRIVATE_ANONYMOUS = 0x22;
  private static final int MADV_HUGEPAGE = 14;
  private static final @Nullable HugePages SYSTEM =
      System.getProperty("os.name", "").equals("Linux") ? new HugePages() : null;

  private final MemorySegment map = function("mmap");
  private final MemorySegment unmap = function("munmap");
  private final MemorySegment advise = function("madvise");

  private HugePages() {}

  private static MemorySegment function(String name) {
    return Linker.nativeLinker().defaultLookup().findOrThrow(name);
  }

  /**
   * Zeroed memory that is freed with {@code arena}, aligned to a page of 4 KiB at least.
   *
   * @throws OutOfMemoryError if the system has none left
   */
  static MemorySegment allocate(Arena arena, long bytes) {
    return SYSTEM == null || bytes < PAGE / 4
        ? arena.allocate(bytes, 4096)
        : SYSTEM.large(arena, bytes);
  }

  private MemorySegment large(Arena arena, long bytes) {
    // a little of a page of 2 MiB would be a waste: the end of the block is made of small pages
    long whole = (bytes + SMALL - 1) / SMALL * SMALL;
    long mapped = whole + PAGE; // address space only: the block starts at a multiple of the page
    long start = NativeCalls.call(map, 0, mapped, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    if (start == -1) {
      throw new OutOfMemoryError("cannot map " + bytes + " bytes");
    }
    long block = (start + PAGE - 1) / PAGE * PAGE;
    NativeCalls.call(advise, block, whole, MADV_HUGEPAGE);
    return MemorySegment.ofAddress(block).reinterpret(whole, arena, b -> free(start, mapped));
  }

  private void free(long start, long bytes) {
    NativeCalls.call(unmap, start, bytes);
  }
}
