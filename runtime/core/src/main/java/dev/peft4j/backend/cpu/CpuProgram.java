package dev.peft4j.backend.cpu;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.MemoryPlan;
import dev.peft4j.backend.Profile;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Program;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.function.Function;

/** A program with its memory plan; each run takes a frame of kernels and a block of memory. */
final class CpuProgram implements Backend.Executable {
  private static final Storage[] NOTHING = {};

  private final Program program;
  private final CpuBackend.Resources resources;
  private final MemoryPlan plan;

  /** For each value the output that gives it memory, or -1. */
  private final int[] outputOf;

  /** Outputs that are copied when everything is computed: second names, views, and inputs. */
  private final int[] copied;

  private final int[] replaced;

  /**
   * Outputs among {@link #replaced} that read an input which another target replaces: read before
   * any is written.
   */
  private final int[] exchanged;

  private final ConcurrentLinkedDeque<Frame> frames = new ConcurrentLinkedDeque<>();

  private final Function<Kernel.Site, Kernel> kernels;
  private final boolean checked;
  private final long bytes;

  /**
   * Compiles a program.
   *
   * @param resources what it shares with the other programs
   * @param kernels what makes its kernels
   * @param checked whether each run is a {@link MemoryCheck}'s
   */
  CpuProgram(
      Program program,
      CpuBackend.Resources resources,
      Function<Kernel.Site, Kernel> kernels,
      boolean checked) {
    this.program = program;
    this.resources = resources;
    this.kernels = kernels;
    this.checked = checked;
    this.outputOf = new int[program.values()];
    Arrays.fill(outputOf, -1);
    boolean[] external = new boolean[program.values()];
    int[] outputs = program.outputs();
    int[] copies = new int[outputs.length];
    int[] targets = new int[outputs.length];
    int c = 0;
    int t = 0;
    for (int o = 0; o < outputs.length; o++) {
      int v = outputs[o];
      if (!checked && program.updatesInPlace(o)) {
        outputOf[v] = o; // the state's memory
        external[v] = true;
      } else if (program.targets()[o] >= 0) {
        targets[t++] = o;
      } else if (!checked && v >= program.inputs() && outputOf[v] < 0) {
        outputOf[v] = o;
        external[v] = true;
      } else {
        copies[c++] = o;
      }
    }
    this.copied = Arrays.copyOf(copies, c);
    this.replaced = Arrays.copyOf(targets, t);
    this.plan = MemoryPlan.of(program, external, checked ? MemoryCheck.GUARD : 0);
    this.exchanged =
        Arrays.stream(replaced).filter(o -> replacesInput(plan.base(outputs[o]))).toArray();
    Frame first = frame();
    this.bytes = plan.bytes() + first.bytes();
    frames.add(first);
  }

  @Override
  public long bytes() {
    return bytes;
  }

  private Frame frame() {
    return new Frame(
        program, plan, outputOf, resources.weights(), kernels, checked ? MemoryCheck.GUARD : 0);
  }

  @Override
  public void run(Storage[] inputs, Storage[] outputs, Runnable gate) {
    Frame frame = frames.pollFirst();
    if (frame == null) {
      frame = frame();
    }
    for (int o = 0; o < outputs.length; o++) {
      requireSize("result", program.outputs()[o], outputs[o]);
    }
    for (int i = 0; checked && i < inputs.length; i++) {
      requireSize("input", i, inputs[i]);
    }
    long edge = checked ? MemoryCheck.EDGE : 0;
    long planned = plan.bytes() + 2 * edge;
    Workspace.Block block = resources.workspace().take(planned + frame.workBytes());
    try {
      frame.bind(inputs, outputs, block.address() + edge, block.address() + planned);
      Profile profile = Profile.current();
      if (checked) {
        check(frame, inputs, block.address());
      } else if (profile == null) {
        for (Kernel k : frame.kernels()) {
          k.run();
        }
      } else {
        measured(frame, profile);
      }
      copy(frame, copied, outputs);
      gate.run();
      Storage[] saved = saveExchanged(frame);
      copy(frame, replaced, outputs);
      Reference.reachabilityFence(saved);
    } finally {
      frame.release();
      resources.workspace().give(block);
      frames.addFirst(frame);
      LoopWarmer.begin();
      Reference.reachabilityFence(inputs);
      Reference.reachabilityFence(outputs);
    }
  }

  /** Kernels write what the program's shape says, and so does the copy at the end. */
  private void requireSize(String what, int value, Storage memory) {
    long bytes = memory.bytes();
    if (bytes != program.bytes(value)) {
      throw new IllegalStateException(
          what
              + " %"
              + value
              + " of a program has shape "
              + program.shape(value)
              + " and "
              + program.bytes(value)
              + " bytes, the memory given for it "
              + bytes
              + ": a bug in peft4j");
    }
  }

  private void check(Frame frame, Storage[] inputs, long block) {
    try (MemoryCheck check =
        new MemoryCheck(program, plan, frame, frame.guardedScratch(), inputs, block)) {
      for (Kernel k : frame.kernels()) {
        check.run(k);
      }
    }
  }

  private void measured(Frame frame, Profile profile) {
    profile.planned(plan.bytes() + frame.workBytes());
    for (Kernel k : frame.kernels()) {
      long start = System.nanoTime();
      k.run();
      profile.add(program, k.step(), System.nanoTime() - start);
    }
  }

  private boolean replacesInput(int value) {
    return value < program.inputs() && Arrays.stream(program.targets()).anyMatch(t -> t == value);
  }

  /**
   * Rare, for example two parameters that change places: the new values move to memory of their
   * own.
   */
  private Storage[] saveExchanged(Frame frame) {
    if (exchanged.length == 0) {
      return NOTHING;
    }
    Storage[] saved = new Storage[exchanged.length];
    for (int i = 0; i < saved.length; i++) {
      int v = program.outputs()[exchanged[i]];
      saved[i] = Storage.allocate(program.encoding(v), program.shape(v).elements());
      MemorySegment.copy(
          Memory.ALL, frame.addresses()[v], Memory.ALL, saved[i].address(), program.bytes(v));
      frame.addresses()[v] = saved[i].address();
    }
    return saved;
  }

  private void copy(Frame frame, int[] which, Storage[] outputs) {
    for (int o : which) {
      int v = program.outputs()[o];
      MemorySegment.copy(
          Memory.ALL, frame.addresses()[v], Memory.ALL, outputs[o].address(), program.bytes(v));
    }
  }
}
