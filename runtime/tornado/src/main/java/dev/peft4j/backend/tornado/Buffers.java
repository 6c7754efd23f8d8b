package dev.peft4j.backend.tornado;

import dev.peft4j.backend.MemoryEstimate;
import dev.peft4j.backend.tornado.product.DeviceCodes;
import dev.peft4j.backend.tornado.product.ProductShape;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Decode;
import dev.peft4j.graph.Program;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * The buffers of a program's values. Those that steps compute are used again, by their size, when
 * their values have been read for the last time; a view has its base's buffer. What the host fills
 * is in {@link #inputs()}.
 */
final class Buffers {
  /** Larger inputs are not brought in at each run, even if they change now and then. */
  private static final long SMALL = 1 << 16;

  private static final String AS_IT_IS = "as it is";

  private final Program program;
  private final Set<Integer> unfrozen;
  private final Storage[] given;
  private final HostMemory memory;
  private final Consumer<Buffers> check;
  private long bytes;
  private long largestBytes;
  private final Set<Object> filled = GraphPlan.identitySet();

  /** In which form arrays have frozen inputs that they are still to be filled with. */
  private final Map<Object, Object> forms = new IdentityHashMap<>();

  private final @Nullable FloatArray[] arrays;
  private final int[] base;
  private final int[] lastUse;
  private final boolean[] state;
  private final boolean[] inPlace;
  private final Map<Integer, Deque<FloatArray>> free = new HashMap<>();
  private final List<FloatArray> scratch = new ArrayList<>();
  private final Map<Object, HostInput> inputs = new LinkedHashMap<>();

  private record Packed(int value, ProductShape shape) {}

  private record Whole(int value) {}

  private record Table(int value, int rows) {}

  private record Classes(int value, int classes, int ignore) {}

  private record Counted(int value, int ignore, int least) {}

  /**
   * The buffers of a program.
   *
   * @param unfrozen inputs that change though they are said not to
   * @param given the inputs of this run
   * @param memory where frozen inputs may be already
   * @param check asked before each allocation whether the buffers can be
   */
  Buffers(
      Program program,
      Set<Integer> unfrozen,
      Storage[] given,
      HostMemory memory,
      Consumer<Buffers> check) {
    this.check = check;
    this.program = program;
    this.given = given;
    this.memory = memory;
    this.unfrozen = unfrozen;
    int n = program.values();
    arrays = new @Nullable FloatArray[n];
    base = new int[n];
    lastUse = new int[n];
    state = new boolean[program.inputs()];
    for (int t : program.targets()) {
      if (t >= 0) {
        state[t] = true;
      }
    }
    for (int v = 0; v < n; v++) {
      base[v] = v;
    }
    inPlace = new boolean[n];
    for (int o = 0; o < program.outputs().length; o++) {
      if (program.updatesInPlace(o)) {
        inPlace[program.outputs()[o]] = true;
        inPlace[program.targets()[o]] = true;
      }
    }
    for (int s = 0; s < program.steps().size(); s++) {
      Program.Step step = program.steps().get(s);
      int out = step.output();
      if (step.inputs().length > 0) {
        int in = step.inputs()[0];
        boolean view =
            step.op() instanceof Decode
                ? isDecodedByHost(program.encoding(in))
                : step.op().viewOffset(program.shape(in), program.shape(out)) == 0;
        base[out] = view || inPlace[out] ? base[in] : out;
      }
      lastUse[base[out]] = Math.max(lastUse[base[out]], s);
      for (int in : step.inputs()) {
        lastUse[base[in]] = s;
      }
    }
    for (int out : program.outputs()) {
      lastUse[base[out]] = Integer.MAX_VALUE;
    }
  }

  /** True for codes that no kernel of the device reads: its buffer has the numbers themselves. */
  private static boolean isDecodedByHost(Encoding encoding) {
    return !encoding.isPlain() && DeviceCodes.of(encoding) == null;
  }

  /** True if the value is part of another one's buffer. */
  boolean isView(int v) {
    return base[v] != v;
  }

  /** True for a state that a step updates where it is, and for that step's result. */
  boolean isInPlace(int v) {
    return inPlace[v];
  }

  /** The value whose buffer {@code v} has. */
  int base(int v) {
    return base[v];
  }

  /** True if the value is an input that is the same for a long time. */
  boolean isFrozen(int v) {
    int b = base[v];
    return b < program.inputs()
        && !state[b]
        && program.frozen(b)
        && program.shape(b).elements() > 1
        && !(unfrozen.contains(b) && program.bytes(b) <= SMALL);
  }

  /** True if the input is one that training, or somebody in between, replaces. */
  boolean isState(int input) {
    return state[input];
  }

  /** The buffer of a value that is there already or that the host fills. */
  FloatArray get(int v) {
    int b = base[v];
    FloatArray a = arrays[b];
    if (a == null) {
      int n = program.shape(b).size();
      a = isFrozen(b) ? frozen(b, AS_IT_IS, n) : allocate(n);
      arrays[b] = a;
      if (b < program.inputs()) {
        inputs.put(b, new HostInput.Floats(b, a, null));
      } else if (maker(b).op() instanceof Decode) {
        inputs.put(b, new HostInput.Converted(maker(b).inputs()[0], a));
      } else if (program.shape(b).elements() > 0) {
        throw new IllegalStateException("value " + b + " is read before it is computed");
      }
    }
    return a;
  }

  private Program.Step maker(int v) {
    return program.steps().get(v - program.inputs());
  }

  /** A buffer for the value that a step computes. */
  FloatArray make(int v) {
    FloatArray a = take(program.shape(v).size());
    arrays[v] = a;
    return a;
  }

  private FloatArray take(int n) {
    Deque<FloatArray> same = free.get(Math.max(1, n));
    return same == null || same.isEmpty() ? allocate(n) : same.pop();
  }

  private FloatArray allocate(int n) {
    count((long) n * Float.BYTES);
    return HostMemory.floats(n);
  }

  /** Counts a buffer that is to be made. */
  private void count(long n) {
    bytes += n;
    largestBytes = Math.max(largestBytes, n);
    check.accept(this);
  }

  /** A buffer until the end of the step. */
  FloatArray scratch(int n) {
    FloatArray a = take(n);
    scratch.add(a);
    return a;
  }

  /** Says that step {@code s} is lowered: what dies with it can be used again. */
  void finished(int s) {
    scratch.forEach(this::release);
    scratch.clear();
    Program.Step step = program.steps().get(s);
    Arrays.stream(step.inputs())
        .map(v -> base[v])
        .distinct()
        .filter(b -> b >= program.inputs() && lastUse[b] == s)
        .forEach(this::drop);
    if (base[step.output()] == step.output() && lastUse[step.output()] == s) {
      drop(step.output());
    }
  }

  private void drop(int b) {
    FloatArray a = arrays[b];
    if (a != null && !inputs.containsKey(b)) {
      release(a);
    }
  }

  private void release(FloatArray a) {
    free.computeIfAbsent(a.getSize(), k -> new ArrayDeque<>()).push(a);
  }

  /** A buffer of its own that lives on after the last step. */
  FloatArray extra(int n) {
    return allocate(n);
  }

  /** Numbers that never change. */
  FloatArray constant(float[] values) {
    FloatArray a = allocate(values.length);
    for (int i = 0; i < values.length; i++) {
      a.set(i, values[i]);
    }
    return a;
  }

  /** The packed form of a frozen right operand. */
  FloatArray packed(int v, ProductShape shape, int size) {
    int b = base[v];
    ProductShape form =
        shape.batchB().size() == 1
            ? ProductShape.of(1, shape.n(), shape.k(), false, shape.transposeB())
            : shape;
    return ((HostInput.Floats)
            inputs.computeIfAbsent(
                new Packed(b, form), k -> new HostInput.Floats(b, frozen(b, form, size), shape)))
        .array();
  }

  /** The array with a frozen input in a form: that of another program, or one to be filled. */
  private FloatArray frozen(int b, Object form, int n) {
    Storage weight = given[b];
    FloatArray known = memory.copy(weight, form);
    if (known != null) {
      filled.add(known);
      count((long) n * Float.BYTES);
      return known;
    }
    FloatArray a = allocate(n);
    forms.put(a, form);
    return a;
  }

  /** Says that the array of a frozen input has its numbers now. */
  void filled(Object array, Storage weight) {
    Object form = forms.get(array);
    if (form != null) {
      memory.keep(weight, form, (FloatArray) array);
    }
  }

  /** True if the array has its numbers already. */
  boolean isFilled(Object array) {
    return filled.contains(array);
  }

  /** The codes of an input, two bytes each. */
  ShortArray codes(int v) {
    return ((HostInput.Codes)
            inputs.computeIfAbsent(
                v,
                k -> {
                  count(program.bytes(v));
                  int shorts = Math.toIntExact(program.bytes(v) / Short.BYTES);
                  ShortArray a = new ShortArray(Math.max(1, shorts));
                  return new HostInput.Codes(v, a);
                }))
        .array();
  }

  /** Integers that never change. */
  IntArray constant(int[] values) {
    count((long) values.length * Integer.BYTES);
    return IntArray.fromArray(values);
  }

  /** Integers as they are. */
  IntArray integers(int v) {
    return ((HostInput.Integers)
            inputs.computeIfAbsent(
                new Whole(v), k -> new HostInput.Integers(v, allocateIntegers(v))))
        .array();
  }

  /** Ids into a table of {@code rows}. */
  IntArray ids(int v, int rows) {
    return ((HostInput.Ids)
            inputs.computeIfAbsent(
                new Table(v, rows), k -> new HostInput.Ids(v, allocateIntegers(v), rows)))
        .array();
  }

  /** Labels of {@code classes}. */
  IntArray labels(int v, int classes, int ignore) {
    return ((HostInput.Labels)
            inputs.computeIfAbsent(
                new Classes(v, classes, ignore),
                k -> new HostInput.Labels(v, allocateIntegers(v), classes, ignore)))
        .array();
  }

  /** How many labels count, at least {@code least}. */
  FloatArray count(int v, int ignore, int least) {
    return ((HostInput.Count)
            inputs.computeIfAbsent(
                new Counted(v, ignore, least),
                k -> new HostInput.Count(v, allocate(1), ignore, least)))
        .array();
  }

  /** The key of a mask. */
  LongArray key(int v) {
    return ((HostInput.Key)
            inputs.computeIfAbsent(
                List.of(v),
                k -> {
                  count(Long.BYTES);
                  LongArray a = new LongArray(1);
                  return new HostInput.Key(v, a);
                }))
        .array();
  }

  private IntArray allocateIntegers(int v) {
    count((long) program.shape(v).size() * Integer.BYTES);
    IntArray a = new IntArray(Math.max(1, program.shape(v).size()));
    return a;
  }

  /** What the host fills. */
  List<HostInput> inputs() {
    return List.copyOf(inputs.values());
  }

  /** Bytes of all buffers. */
  long bytes() {
    return bytes;
  }

  /** Bytes of the largest one. */
  long largestBytes() {
    return largestBytes;
  }

  /** What the program needs, as far as buffers are made. */
  MemoryEstimate estimate() {
    MemoryEstimate e = MemoryEstimate.of(program);
    long given = e.weights() + e.states() + e.batch();
    return new MemoryEstimate(
        e.weights(),
        e.states(),
        e.batch(),
        Math.max(e.values(), bytes - given),
        e.largest(),
        e.largestBytes());
  }
}
