package dev.peft4j.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.log.Log;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The functions of oneDNN (C API, version 3) that {@link DnnProduct} needs. The library is in a jar
 * of {@code org.bytedeco:dnnl}; where there is none for the platform, or with {@code
 * -Dpeft4j.packed=false}, {@link #available} says no and OpenBLAS computes all products.
 */
@SuppressWarnings("restricted")
final class OneDnn {
  /** Whether frozen weights are also kept in oneDNN's layout. */
  static final String PROPERTY = "peft4j.packed";

  /**
   * Whether products of many rows with a weight in bfloat16 round the other factor to bfloat16,
   * too, as PyTorch does: twice as fast where the processor multiplies such numbers.
   */
  static final boolean ROUNDS = Boolean.getBoolean("peft4j.bfloat16") && multipliesHalf();

  // enum values of dnnl_types.h
  static final int SOURCE = 1;
  static final int TARGET = 17;
  static final int WEIGHTS = 33;
  static final int BIAS = 41;
  static final int SOURCE_GRADIENT = 129;
  static final int TARGET_GRADIENT = 145;
  static final int WEIGHTS_LAYOUT = 131;
  private static final int ANY = 1;
  private static final int BFLOAT16 = 2;
  private static final int FLOAT32 = 3;
  private static final int CPU = 1;
  private static final int ELTWISE_LINEAR = 38;
  private static final int BINARY_ADD = 0x1fff0;
  private static final int SOURCE_1 = 2;
  private static final int POST_OP = 1 << 15;
  private static final int FORWARD = 64;
  private static final int SOFTMAX = 0x30000;

  private static final AtomicLong LIVE = new AtomicLong(); // before the library, which counts
  private static final @Nullable OneDnn LIBRARY = open();

  private static boolean multipliesHalf() {
    try {
      String processor = Files.readString(Path.of("/proc/cpuinfo"));
      if (processor.contains("avx512_bf16") || processor.contains("amx_bf16")) {
        return true;
      }
    } catch (IOException e) {
      // not Linux
    }
    Log.of(OneDnn.class)
        .warn(
            "-Dpeft4j.bfloat16=true has no effect: the processor has no products of bfloat16"
                + " (avx512_bf16)");
    return false;
  }

  private final SymbolLookup dnnl;
  private final Map<String, MemorySegment> functions = new ConcurrentHashMap<>();
  private final MemorySegment setHandle;
  private final MemorySegment execute;
  private final MemorySegment setThreads;
  private final MemorySegment maxThreads;
  private final long engine;

  private OneDnn(SymbolLookup dnnl, SymbolLookup openMp) {
    this.dnnl = dnnl;
    this.setHandle = function("dnnl_memory_set_data_handle");
    this.execute = function("dnnl_primitive_execute");
    this.setThreads = openMp.findOrThrow("omp_set_num_threads");
    this.maxThreads = openMp.findOrThrow("omp_get_max_threads");
    this.engine = create("dnnl_engine_create", CPU, 0);
  }

  private static @Nullable OneDnn open() {
    String wanted = System.getProperty(PROPERTY);
    boolean off = wanted != null && wanted.strip().equalsIgnoreCase("false");
    if (off || !NativeLibrary.platform().equals("linux-x86_64")) {
      return null;
    }
    try {
      Path library = NativeLibrary.unpack("dnnl", "libdnnl.so.3", "libgomp.so.1");
      SymbolLookup openMp = NativeLibrary.load(library.resolveSibling("libgomp.so.1"));
      return new OneDnn(load(library), openMp);
    } catch (IOException | RuntimeException | LinkageError e) {
      Log.of(OneDnn.class)
          .info("products go through OpenBLAS alone, oneDNN is not there: {}", e.getMessage());
      return null;
    }
  }

  /**
   * It is linked against an OpenCL loader, which it does not use here; not every system has one.
   */
  private static SymbolLookup load(Path library) throws IOException {
    try {
      return NativeLibrary.load(library);
    } catch (IllegalArgumentException e) {
      NativeLibrary.load(NativeLibrary.unpack("opencl", "libOpenCL.so.1"));
      return NativeLibrary.load(library);
    }
  }

  /** True if there is a library for this machine and nobody turned it off. */
  static boolean available() {
    return LIBRARY != null;
  }

  /** The library; only where {@link #available}. */
  static OneDnn library() {
    if (LIBRARY == null) {
      throw new IllegalStateException("oneDNN is not available");
    }
    return LIBRARY;
  }

  /** How many objects of the library were made and not yet destroyed. */
  static long live() {
    return LIVE.get();
  }

  private MemorySegment function(String name) {
    return functions.computeIfAbsent(name, dnnl::findOrThrow);
  }

  /** Calls a function and checks its status. */
  private void call(String function, long... arguments) {
    check(function, NativeCalls.call(function(function), arguments));
  }

  private static void check(String function, long result) {
    int status = (int) result;
    if (status != 0) {
      throw new IllegalStateException("oneDNN: " + function + " failed with status " + status);
    }
  }

  /** Calls a function that stores what it made through its first argument. */
  private long create(String function, long... arguments) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment made = arena.allocate(JAVA_LONG);
      long[] all = new long[arguments.length + 1];
      all[0] = made.address();
      System.arraycopy(arguments, 0, all, 1, arguments.length);
      call(function, all);
      LIVE.incrementAndGet();
      return made.get(JAVA_LONG, 0);
    }
  }

  /** A stream of work; one for each thread that works at the same time. */
  long stream() {
    return create("dnnl_stream_create", engine, 1);
  }

  /** The description of a matrix of float32 or bfloat16 whose layout is left to the library. */
  long anyLayout(int rows, int columns, Encoding encoding) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment sizes = arena.allocateFrom(JAVA_LONG, rows, columns);
      int type = encoding.isPlain() ? FLOAT32 : BFLOAT16;
      return create("dnnl_memory_desc_create_with_tag", 2, sizes.address(), type, ANY);
    }
  }

  /** The description of a tensor of float32; the steps are distances in elements. */
  long layout(long[] sizes, long[] steps) {
    return layout(sizes, steps, Encodings.FLOAT32);
  }

  /** The description of a tensor of float32 or bfloat16. */
  long layout(long[] sizes, long[] steps, Encoding encoding) {
    try (Arena arena = Arena.ofConfined()) {
      return create(
          "dnnl_memory_desc_create_with_strides",
          sizes.length,
          arena.allocateFrom(JAVA_LONG, sizes).address(),
          encoding.isPlain() ? FLOAT32 : BFLOAT16,
          arena.allocateFrom(JAVA_LONG, steps).address());
    }
  }

  /** The description of a part of a tensor, at its place in the whole one's layout. */
  long part(long layout, long[] sizes, long[] from) {
    try (Arena arena = Arena.ofConfined()) {
      return create(
          "dnnl_memory_desc_create_submemory",
          layout,
          arena.allocateFrom(JAVA_LONG, sizes).address(),
          arena.allocateFrom(JAVA_LONG, from).address());
    }
  }

  /**
   * What happens to a result: it is multiplied, something is added, and perhaps all of it to what
   * is there.
   *
   * @param addend the layout of the something, 0 for none
   */
  long attributes(float factor, long addend, boolean add) {
    long operations = create("dnnl_post_ops_create");
    if (factor != 1) {
      append("dnnl_post_ops_append_eltwise", operations, ELTWISE_LINEAR, 0, factor);
    }
    if (addend != 0) {
      call("dnnl_post_ops_append_binary", operations, BINARY_ADD, addend);
    }
    if (add) {
      append("dnnl_post_ops_append_sum", operations, 0, FLOAT32, 1);
    }
    long attributes = create("dnnl_primitive_attr_create");
    call("dnnl_primitive_attr_set_post_ops", attributes, operations);
    destroy("post_ops", operations);
    return attributes;
  }

  /** The argument that is the addend of {@link #attributes}. */
  static int addend(float factor) {
    return POST_OP * (factor != 1 ? 2 : 1) | SOURCE_1;
  }

  /**
   * Made at the first use. Where oneDNN is used, numbers of the two kinds are passed in registers
   * of two kinds: only the order among those of a kind counts.
   */
  private static final class Append {
    static final MethodHandle CALL =
        Linker.nativeLinker()
            .downcallHandle(
                FunctionDescriptor.of(
                    JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_FLOAT, JAVA_FLOAT));
  }

  private void append(String function, long operations, long a, long b, float factor) {
    long status;
    try {
      status = (long) Append.CALL.invokeExact(function(function), operations, a, b, factor, 0f);
    } catch (Throwable e) {
      throw new AssertionError("a native call does not throw", e);
    }
    check(function, status);
  }

  /** Memory of the described layout, its place to be set. */
  long memory(long layout) {
    return create("dnnl_memory_create", layout, engine, 0L);
  }

  /** The plan of {@code target = source · weights + bias}; a bias of 0 means none. */
  long product(long source, long weights, long bias, long target, long attributes) {
    return alone(
        "dnnl_matmul_primitive_desc_create", engine, source, weights, bias, target, attributes);
  }

  /** The plan of a softmax along the second axis of a matrix. */
  long softmax(long layout) {
    String function = "dnnl_softmax_forward_primitive_desc_create";
    return alone(function, engine, FORWARD, SOFTMAX, layout, layout, 1, 0);
  }

  /** The plan of the gradient through a softmax whose plan is {@code forward}. */
  long softmaxGradient(long layout, long forward) {
    String function = "dnnl_softmax_backward_primitive_desc_create";
    return alone(function, engine, SOFTMAX, layout, layout, layout, 1, forward, 0);
  }

  /** The plan of a copy from one layout to another. */
  long reorder(long from, long to) {
    return alone("dnnl_reorder_primitive_desc_create", from, engine, to, engine, 0);
  }

  /** What executes a plan. */
  long primitive(long plan) {
    return alone("dnnl_primitive_create", plan);
  }

  /**
   * Calls a function that would plan for as many threads as there are, so that it plans for one:
   * our own threads share the work.
   */
  private long alone(String function, long... arguments) {
    int before = threads();
    threads(1);
    try {
      return create(function, arguments);
    } finally {
      threads(before);
    }
  }

  /** The layout that a plan chose; it belongs to the plan. */
  long layout(long plan, int which) {
    return NativeCalls.call(function("dnnl_primitive_desc_query_md"), plan, which);
  }

  /** A copy of a description, to be destroyed by itself. */
  long copyOf(long layout) {
    return create("dnnl_memory_desc_clone", layout);
  }

  /** True if two layouts are the same. */
  boolean same(long a, long b) {
    return (int) NativeCalls.call(function("dnnl_memory_desc_equal"), a, b) != 0;
  }

  /** Bytes that a layout takes. */
  long bytes(long layout) {
    return NativeCalls.call(function("dnnl_memory_desc_get_size"), layout);
  }

  /** Frees what one of the other functions made: {@code kind} is its type in the C API. */
  void destroy(String kind, long made) {
    call("dnnl_" + kind + "_destroy", made);
    LIVE.decrementAndGet();
  }

  /** Tells where a memory lies. */
  void place(long memory, long address) {
    check("dnnl_memory_set_data_handle", NativeCalls.call(setHandle, memory, address));
  }

  /**
   * Executes on this thread alone; {@code arguments} is the address of {@code count} pairs of
   * argument and memory. Not all primitives keep to the number of threads that they were made for:
   * reorders and softmax would wake a crew of OpenMP's, which waits for processors that others use.
   */
  void execute(long primitive, long stream, int count, long arguments) {
    int before = threads();
    if (before != 1) {
      threads(1);
    }
    try {
      check(
          "dnnl_primitive_execute", NativeCalls.call(execute, primitive, stream, count, arguments));
    } finally {
      if (before != 1) {
        threads(before);
      }
    }
  }

  private int threads() {
    return (int) NativeCalls.call(maxThreads);
  }

  private void threads(int count) {
    NativeCalls.call(setThreads, count);
  }
}
