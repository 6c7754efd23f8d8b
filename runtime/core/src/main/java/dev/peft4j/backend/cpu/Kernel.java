package dev.peft4j.backend.cpu;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Program;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One step of a program, bound to the addresses of a {@link Frame}. A kernel that is worth it cuts
 * its work into as many parts as there are workers; each part has scratch memory of its own.
 */
abstract class Kernel implements Workers.Task {
  /**
   * Fewer element operations than this are done by the calling thread alone: waking another costs
   * more.
   */
  static final long WORTH_SHARING = 32_768;

  /**
   * Where a kernel belongs: a step of a program, and the frame that holds the addresses of its
   * values.
   */
  record Site(Program program, Program.Step step, Frame frame) {
    Shape in(int i) {
      return program.shape(step.inputs()[i]);
    }

    Shape out() {
      return program.shape(step.output());
    }

    /** How input {@code i} lies in memory. */
    Encoding encoding(int i) {
      return program.encoding(step.inputs()[i]);
    }

    /** True if input {@code i} is a weight that is not trained. */
    boolean frozen(int i) {
      return program.frozen(step.inputs()[i]);
    }
  }

  private final long[] addresses;
  private final Program.Step step;
  private final int[] inputs;
  private final int output;
  private final Frame frame;
  private final AtomicInteger taken = new AtomicInteger();

  Kernel(Site site) {
    this.addresses = site.frame.addresses();
    this.step = site.step;
    this.inputs = site.step.inputs();
    this.output = site.step.output();
    this.frame = site.frame;
  }

  /** What this computes. */
  final Program.Step step() {
    return step;
  }

  /** Address of input {@code i}. */
  final long in(int i) {
    return addresses[inputs[i]];
  }

  /** The storage of input {@code i}, which has to be one that is given. */
  final Storage storage(int i) {
    return frame.input(inputs[i]);
  }

  /** Frozen weights in layouts of oneDNN's. */
  final PackedWeights packedWeights() {
    return frame.weights();
  }

  /** Address of the result. */
  final long out() {
    return addresses[output];
  }

  /**
   * Scratch memory of part {@code part}; as large as the largest that a kernel of this frame has
   * asked for.
   */
  final long scratch(int part) {
    return frame.scratch(part);
  }

  /** Memory for this kernel as a whole; see {@link Frame#needWork}. */
  final long work() {
    return frame.work();
  }

  /** Computes the step. */
  abstract void run();

  /** Computes one part; only kernels that share their work are asked. */
  @Override
  public void run(int part) {
    throw new UnsupportedOperationException();
  }

  /** Runs the parts on the crew, or all here when there is one. */
  final void share(int parts) {
    taken.set(0);
    if (parts <= 1) {
      run(0);
    } else {
      Workers.shared().run(this, parts);
    }
  }

  /** Runs the parts of a task as {@link #share(int)} does those of this kernel. */
  final void share(Workers.Task task, int parts) {
    taken.set(0);
    if (parts <= 1) {
      task.run(0);
    } else {
      Workers.shared().run(task, parts);
    }
  }

  /**
   * The number of the next piece of work that no part has taken, from 0 on. Where work is cut into
   * more pieces than there are parts, a part that the system holds up takes fewer of them.
   */
  final int take() {
    return taken.getAndIncrement();
  }

  /**
   * Parts for work of {@code cost} element operations that divides into at most {@code units}
   * pieces.
   */
  static int parts(long cost, int units) {
    return cost < WORTH_SHARING ? 1 : Math.max(1, Math.min(Workers.shared().size(), units));
  }

  /** Where part {@code part} of {@code parts} starts when {@code n} pieces are dealt out evenly. */
  static int start(int n, int part, int parts) {
    return (int) ((long) n * part / parts);
  }
}
