package dev.peft4j.backend.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;

/**
 * A primitive of oneDNN with the memories that are its arguments, made once and run again and
 * again. For one thread at a time.
 */
final class DnnCall {
  private static final Cleaner CLEANER = Cleaner.create();
  private static final int PAIR = 16;

  private final OneDnn dnn = OneDnn.library();
  private final long plan;
  private final long primitive;
  private final long stream;
  private final long[] memories;
  private final MemorySegment arguments;
  private final Cleaner.Cleanable freed;

  /**
   * A call of {@code plan}, which from now on belongs to it.
   *
   * @param names what the arguments are, numbers of the C API
   * @param layouts the layout of each; they stay the caller's
   */
  DnnCall(long plan, int[] names, long[] layouts) {
    this.plan = plan;
    this.primitive = dnn.primitive(plan);
    this.stream = dnn.stream();
    this.memories = new long[names.length];
    this.arguments = Arena.ofAuto().allocate((long) PAIR * names.length, PAIR);
    for (int i = 0; i < names.length; i++) {
      memories[i] = dnn.memory(layouts[i]);
      arguments.set(ValueLayout.JAVA_INT, (long) PAIR * i, names[i]);
      arguments.set(ValueLayout.JAVA_LONG, (long) PAIR * i + 8, memories[i]);
    }
    this.freed = CLEANER.register(this, new Freed(primitive, plan, stream, memories));
  }

  private record Freed(long primitive, long plan, long stream, long[] memories)
      implements Runnable {
    @Override
    public void run() {
      OneDnn dnn = OneDnn.library();
      for (long memory : memories) {
        dnn.destroy("memory", memory);
      }
      dnn.destroy("stream", stream);
      dnn.destroy("primitive", primitive);
      dnn.destroy("primitive_desc", plan);
    }
  }

  /** A layout that the plan chose, by its number in the C API; it belongs to the plan. */
  long layout(int which) {
    return dnn.layout(plan, which);
  }

  /** Tells where argument number {@code i} lies. */
  void place(int i, long address) {
    dnn.place(memories[i], address);
  }

  /** Computes. */
  void run() {
    dnn.execute(primitive, stream, memories.length, arguments.address());
    Reference.reachabilityFence(this); // or it could be freed while it runs for the last time
  }

  /** Frees what the library holds, which else happens when this is no longer reachable. */
  void close() {
    freed.clean();
  }
}
