package dev.peft4j.backend;

import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The cost of running programs, by op and shapes: time, calls, floating-point operations. Collected
 * for what is computed inside {@link #measure}, or, with {@code -Dpeft4j.profile=true}, for the
 * whole process and printed to standard error when it ends. Without either, nothing is measured.
 *
 * <p>Ops run one after another (each on all threads), so their times add up to that of the
 * programs. Tracing and planning are not included.
 */
public final class Profile {
  private static final ScopedValue<Profile> CURRENT = ScopedValue.newInstance();
  private static final @Nullable Profile PROCESS =
      Boolean.getBoolean("peft4j.profile") ? new Profile() : null;

  static {
    if (PROCESS != null) {
      Runtime.getRuntime().addShutdownHook(new Thread(() -> System.err.print(PROCESS)));
    }
  }

  /**
   * The cost of one op on inputs of certain shapes.
   *
   * @param nanos time of all calls together
   * @param flops floating-point operations of all calls together, see {@link Op#flops}
   */
  public record Entry(Op op, List<Shape> inputs, Shape output, long calls, long nanos, long flops) {
    /** Returns billions of floating-point operations a second. */
    public double gflops() {
      return nanos == 0 ? 0 : (double) flops / nanos;
    }

    /** Returns op and shapes, such as {@code linear (8, 2) (4, 2) -> (8, 4)}. */
    public String label() {
      StringBuilder s = new StringBuilder(op.name());
      inputs.forEach(i -> s.append(' ').append(i));
      return s.append(" -> ").append(output).toString();
    }
  }

  private record Key(Op op, List<Shape> inputs, Shape output) {}

  private static final class Cost {
    long calls;
    long nanos;
  }

  private final Map<Key, Cost> costs = new HashMap<>();
  private final Map<String, CacheFigures> caches = new TreeMap<>();
  private long plannedBytes;

  /** Creates an empty profile. */
  public Profile() {}

  /** Runs {@code body} and adds what it computes to this profile. */
  public <T> T measure(Supplier<T> body) {
    return ScopedValue.where(CURRENT, this).call(body::get);
  }

  /** Returns the profile of this scope, or null if nothing is measured. For backends. */
  public static @Nullable Profile current() {
    return CURRENT.isBound() ? CURRENT.get() : PROCESS;
  }

  /** Adds one run of a step. For backends. */
  public synchronized void add(Program program, Program.Step step, long nanos) {
    Key key =
        new Key(step.op(), Arrays.asList(program.inputShapes(step)), program.shape(step.output()));
    Cost cost = costs.computeIfAbsent(key, k -> new Cost());
    cost.calls++;
    cost.nanos += nanos;
  }

  /** Notes the memory that a program computes in. For backends. */
  public synchronized void planned(long bytes) {
    plannedBytes = Math.max(plannedBytes, bytes);
  }

  /** Notes what a backend keeps after a run. */
  synchronized void keeps(Backend backend) {
    caches.put(backend.name(), backend.cacheFigures());
  }

  /** Returns what each backend kept after its last run, by the backend's name. */
  public synchronized Map<String, CacheFigures> caches() {
    return Map.copyOf(caches);
  }

  /** Returns all entries, the most expensive first. */
  public synchronized List<Entry> entries() {
    List<Entry> all = new ArrayList<>();
    costs.forEach(
        (k, c) ->
            all.add(
                new Entry(
                    k.op,
                    k.inputs,
                    k.output,
                    c.calls,
                    c.nanos,
                    c.calls * k.op.flops(k.inputs.toArray(new Shape[0]), k.output))));
    all.sort(Comparator.comparingLong(Entry::nanos).reversed());
    return all;
  }

  /** Returns the time of all ops together, in nanoseconds. */
  public long nanos() {
    return entries().stream().mapToLong(Entry::nanos).sum();
  }

  /** Returns the floating-point operations of all ops together. */
  public long flops() {
    return entries().stream().mapToLong(Entry::flops).sum();
  }

  /** Returns the bytes of the largest block of memory that was planned for a program. */
  public synchronized long plannedBytes() {
    return plannedBytes;
  }

  /**
   * Returns a table, one line an entry: share of the time, time, calls, GFLOPS, op and shapes.
   * Below it a line a backend: the programs, kernels and weights that it keeps.
   */
  @Override
  public String toString() {
    double all = Math.max(1, nanos());
    StringBuilder s = new StringBuilder("  share    time ms     calls   GFLOPS  op\n");
    for (Entry e : entries()) {
      s.append(
          String.format(
              Locale.ROOT,
              "%6.2f%% %10.2f %9d %8.1f  %s%n",
              100 * e.nanos() / all,
              e.nanos() / 1e6,
              e.calls(),
              e.gflops(),
              e.label()));
    }
    synchronized (this) {
      caches.forEach(
          (backend, c) ->
              s.append(
                  String.format(
                      Locale.ROOT,
                      "%s keeps %d programs (%d compiled), %d kernels, %.1f MiB of weights%n",
                      backend,
                      c.programs(),
                      c.compilations(),
                      c.kernels(),
                      c.weightBytes() / (double) (1 << 20))));
    }
    return s.toString();
  }
}
