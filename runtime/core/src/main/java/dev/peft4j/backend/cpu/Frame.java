package dev.peft4j.backend.cpu;

import dev.peft4j.backend.MemoryPlan;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Program;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * One run's view of a program: the address of each value, the kernels bound to them, and scratch
 * memory.
 */
final class Frame {
  private static final Storage[] NOTHING = {};

  private record Part(int number, Object key) {}

  /** A form of a weight: several kernels may use it. */
  private record Kept(int value, PackedWeights.View view) {}

  private final Program program;
  private final MemoryPlan plan;
  private final long[] addresses;
  private final int[] outputOf;
  private final PackedWeights weights;
  private final Kernel[] kernels;
  private final Map<Part, Object> shared = new HashMap<>();
  private final Map<Kept, Long> kept = new HashMap<>();
  private long scratchBytes;
  private long workBytes;
  private long work;
  private Storage[] inputs = NOTHING;
  private final long guard;
  private final MemorySegment scratch; // held: the kernels know only its address

  /**
   * A frame of {@code program}.
   *
   * @param outputOf for each value the output whose memory it takes, or -1
   * @param weights frozen weights in layouts of oneDNN's
   * @param makeKernel what makes its kernels
   * @param guard bytes to leave free before and behind the scratch memory
   */
  Frame(
      Program program,
      MemoryPlan plan,
      int[] outputOf,
      PackedWeights weights,
      Function<Kernel.Site, Kernel> makeKernel,
      long guard) {
    this.program = program;
    this.plan = plan;
    this.outputOf = outputOf;
    this.weights = weights;
    this.addresses = new long[program.values()];
    List<Program.Step> steps = program.steps();
    Kernel[] bound = new Kernel[steps.size()];
    int n = 0;
    for (Program.Step step : steps) {
      if (plan.base(step.output()) == step.output()) { // a view needs no work
        bound[n++] = makeKernel.apply(new Kernel.Site(program, step, this));
      }
    }
    this.kernels = java.util.Arrays.copyOf(bound, n);
    this.guard = guard;
    this.scratch =
        Arena.ofAuto().allocate(scratchBytes * Workers.shared().size() + 64 + 2 * guard, 64);
  }

  PackedWeights weights() {
    return weights;
  }

  long[] addresses() {
    return addresses;
  }

  Kernel[] kernels() {
    return kernels;
  }

  /**
   * Asks for scratch memory of at least {@code bytes} for each part; to be called while kernels are
   * made.
   */
  void needScratch(long bytes) {
    scratchBytes = Math.max(scratchBytes, (bytes + 63) / 64 * 64);
  }

  /**
   * Asks for at least {@code bytes} of memory for a kernel as a whole; to be called while kernels
   * are made. All programs of a backend have it from the same workspace, so it is for what would be
   * too much as scratch memory.
   */
  void needWork(long bytes) {
    workBytes = Math.max(workBytes, (bytes + 63) / 64 * 64);
  }

  /**
   * Tells that a weight is kept in another layout from run to run; to be called while kernels are
   * made.
   *
   * @param value the weight
   */
  void keeps(int value, PackedWeights.View view, long bytes) {
    kept.put(new Kept(value, view), bytes);
  }

  /** The bytes that its kernels need, without the plan's block. */
  long bytes() {
    long forms = kept.values().stream().mapToLong(Long::longValue).sum();
    return workBytes + scratch.byteSize() + forms;
  }

  /** The bytes that kernels asked for by {@link #needWork}. */
  long workBytes() {
    return workBytes;
  }

  /** Where the memory asked for by {@link #needWork} begins in this run. */
  long work() {
    return work;
  }

  /**
   * A thing for one thread at a time, such as a product of certain sizes: the same one for every
   * kernel that asks for that key and part, since kernels run one after the other.
   */
  @SuppressWarnings("unchecked") // a key stands for things of one class
  <T> T shared(int part, Object key, Supplier<T> maker) {
    return (T) shared.computeIfAbsent(new Part(part, key), k -> maker.get());
  }

  long scratch(int part) {
    return scratch.address() + guard + part * scratchBytes;
  }

  /** The scratch memory of all parts with the bytes before and behind it. */
  MemorySegment guardedScratch() {
    return scratch;
  }

  /**
   * Sets the addresses for a run.
   *
   * @param block where the planned values begin
   * @param work where the kernels' common memory begins
   */
  void bind(Storage[] inputs, Storage[] outputs, long block, long work) {
    this.inputs = inputs;
    this.work = work;
    for (int v = 0; v < addresses.length; v++) {
      int b = plan.base(v);
      if (b != v) {
        addresses[v] = addresses[b] + plan.offset(v);
      } else if (v < program.inputs()) {
        addresses[v] = inputs[v].address();
      } else {
        addresses[v] = outputOf[v] >= 0 ? outputs[outputOf[v]].address() : block + plan.offset(v);
      }
    }
  }

  /** The data of a value that is given. */
  Storage input(int value) {
    return inputs[value];
  }

  /** To be called after a run: a frame that waits for the next one keeps no data alive. */
  void release() {
    inputs = NOTHING;
  }
}
