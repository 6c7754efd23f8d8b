package dev.peft4j.backend.cpu;

import dev.peft4j.backend.MemoryPlan;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Program;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The check of a run with {@code -Dpeft4j.check=true}: every value of the program is between guard
 * zones, memory is filled with a pattern before it is written and after it was read for the last
 * time, and after each kernel all of it is compared with what it was. A kernel that writes anywhere
 * but to its result, leaves a part of that unwritten, or computes from what nobody wrote, is an
 * error that names it. Slow: each kernel costs a pass over all memory of the program.
 */
final class MemoryCheck implements AutoCloseable {
  static final String PROPERTY = "peft4j.check";

  /** Whether the property asks for it. */
  static final boolean WANTED = System.getProperty(PROPERTY, "").strip().equalsIgnoreCase("true");

  /** Bytes behind each value that nobody may write to. */
  static final long GUARD = 256;

  /** Bytes before the first value, and behind the last. */
  static final long EDGE = 1 << 18;

  /** A NaN that no computation makes of other numbers: memory that was not written. */
  static final int POISON = 0x7fd1dead;

  private static final ValueLayout.OfInt WORD = ValueLayout.JAVA_INT_UNALIGNED;

  private final Program program;
  private final MemoryPlan plan;
  private final long[] addresses;
  private final MemorySegment scratch;
  private final MemorySegment block;
  private final Arena arena = Arena.ofConfined();

  /** What the block has to hold. */
  private final MemorySegment expected;

  private final Storage[] inputs;
  private final @Nullable Storage[] inputCopies;

  /** For each value the number of the step that reads it last, itself or a view of it. */
  private final int[] lastUse;

  private int done = -1;

  /**
   * A check of one run.
   *
   * @param frame bound to the run's addresses
   * @param scratch the frame's scratch memory with its guard zones
   * @param start address of the block, which begins and ends with an edge
   */
  MemoryCheck(
      Program program,
      MemoryPlan plan,
      Frame frame,
      MemorySegment scratch,
      Storage[] inputs,
      long start) {
    this.program = program;
    this.plan = plan;
    this.addresses = frame.addresses();
    this.scratch = scratch;
    this.inputs = inputs;
    this.block = Memory.ALL.asSlice(start, plan.bytes() + 2 * EDGE);
    this.expected = arena.allocate(block.byteSize());
    poison(block, 0, block.byteSize());
    poison(expected, 0, block.byteSize());
    this.inputCopies = new @Nullable Storage[inputs.length];
    this.lastUse = lastUse(program, plan);
  }

  private static int[] lastUse(Program program, MemoryPlan plan) {
    int[] last = new int[program.values()];
    for (int s = 0; s < program.steps().size(); s++) {
      Program.Step step = program.steps().get(s);
      last[plan.base(step.output())] = s;
      for (int in : step.inputs()) {
        last[plan.base(in)] = s;
      }
    }
    for (int out : program.outputs()) {
      last[plan.base(out)] = Integer.MAX_VALUE;
    }
    return last;
  }

  private static void poison(MemorySegment memory, long from, long to) {
    MemorySegment part = memory.asSlice(from, to - from);
    for (long at = 0; at + 4 <= part.byteSize(); at += 4) {
      part.set(WORD, at, POISON);
    }
  }

  /** Runs a kernel and looks at all it did. */
  void run(Kernel kernel) {
    Program.Step step = kernel.step();
    int out = step.output();
    long from = addresses[out] - block.address();
    long to = from + program.bytes(out);
    boolean inPlace =
        Arrays.stream(step.inputs())
            .anyMatch(v -> addresses[v] == addresses[out] && program.bytes(v) > 0);
    if (!inPlace) {
      poison(block, from, to);
    }
    poison(scratch, 0, scratch.byteSize());
    keepInputs(step);
    kernel.run();
    checkBlock(step, from, to);
    checkScratch(step);
    checkInputs(step);
    if (!inPlace) {
      checkWritten(step, from, to);
    }
    MemorySegment.copy(block, from, expected, from, to - from);
    forget(step);
  }

  private void keepInputs(Program.Step step) {
    for (int in : step.inputs()) {
      int base = plan.base(in);
      if (base < inputs.length && inputCopies[base] == null) {
        inputCopies[base] = inputs[base].copy();
      }
    }
  }

  private void checkBlock(Program.Step step, long from, long to) {
    long at = MemorySegment.mismatch(block, 0, from, expected, 0, from);
    if (at < 0) {
      at = MemorySegment.mismatch(block, to, block.byteSize(), expected, to, block.byteSize());
      at = at < 0 ? -1 : at + to;
    }
    if (at >= 0) {
      String where =
          at < from
              ? (from - at) + " bytes before the start of its result"
              : (at - to) + " bytes behind the end of its result";
      throw wrong(step, "wrote " + where + inside(at));
    }
  }

  /** Which other value lies there. */
  private String inside(long at) {
    for (int v = 0; v < program.values(); v++) {
      long start = addresses[v] - block.address();
      if (plan.inBlock(v) && at >= start && at < start + program.bytes(v) && lastUse[v] > done) {
        return ", into value %" + v + " of shape " + program.shape(v);
      }
    }
    return ", where no value lies";
  }

  private void checkScratch(Program.Step step) {
    for (long zone : new long[] {0, scratch.byteSize() - GUARD}) {
      for (long at = zone; at < zone + GUARD; at += 4) {
        if (scratch.get(WORD, at) != POISON) {
          throw wrong(
              step, "wrote " + (zone == 0 ? "before the start" : "behind the end") + " of scratch");
        }
      }
    }
  }

  private void checkInputs(Program.Step step) {
    for (int in : step.inputs()) {
      int base = plan.base(in);
      Storage copy = base < inputs.length ? inputCopies[base] : null;
      if (copy != null && !copy.equalBytes(inputs[base])) {
        throw wrong(
            step,
            "changed its input %"
                + base
                + " of shape "
                + program.shape(base)
                + " (or another thread did meanwhile)");
      }
    }
  }

  private void checkWritten(Program.Step step, long from, long to) {
    int size = program.dtype(step.output()).bytes();
    for (long at = from; at + size <= to; at += size) {
      boolean unwritten = block.get(WORD, at) == POISON;
      if (unwritten && (size <= 4 || block.get(WORD, at + 4) == POISON)) {
        throw wrong(
            step,
            "did not write element "
                + (at - from) / size
                + " of its result, or computed it from memory that nobody wrote");
      }
    }
  }

  /** What was read for the last time is gone: whoever reads it again finds no number. */
  private void forget(Program.Step step) {
    int now = program.steps().indexOf(step);
    long start = addresses[step.output()];
    long end = start + Math.max(1, program.bytes(step.output()));
    for (int v = program.inputs(); v < program.values(); v++) {
      boolean dies = plan.inBlock(v) && lastUse[v] > done && lastUse[v] <= now;
      boolean handedOn = addresses[v] < end && addresses[v] + program.bytes(v) > start;
      if (dies && !handedOn) {
        long from = addresses[v] - block.address();
        poison(block, from, from + program.bytes(v));
        poison(expected, from, from + program.bytes(v));
      }
    }
    done = now;
  }

  private IllegalStateException wrong(Program.Step step, String what) {
    StringBuilder s = new StringBuilder(PROPERTY + ": ").append(step.op().name()).append('(');
    for (int i = 0; i < step.inputs().length; i++) {
      s.append(i == 0 ? "%" : ", %").append(step.inputs()[i]).append(' ');
      s.append(program.shape(step.inputs()[i]));
    }
    s.append(") -> %").append(step.output()).append(' ').append(program.shape(step.output()));
    return new IllegalStateException(s.append(' ').append(what).toString());
  }

  @Override
  public void close() {
    arena.close();
  }
}
