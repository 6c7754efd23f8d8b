package dev.peft4j.backend;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.State;
import dev.peft4j.graph.Trace;
import dev.peft4j.graph.Variable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A computation over {@link State}s that is traced once and then run again and again, for one token
 * after the other: data that changes from run to run is written into the memory of its leaves, and
 * the results are always in the same memory. It belongs to one thread at a time.
 */
public final class Recording {
  private static final Runnable OPEN = () -> {};

  private final Backend backend;
  private final Trace trace;
  private final Storage[] outputs;
  private final int results;

  private Recording(Backend backend, Trace trace, Storage[] outputs, int results) {
    this.backend = backend;
    this.trace = trace;
    this.outputs = outputs;
    this.results = results;
  }

  /**
   * Records the computation of nodes and of what has been set to states, which is forgotten there.
   *
   * @throws dev.peft4j.graph.StaleTensorException if something was computed from a value that has
   *     changed since
   */
  public static Recording of(List<Node> results, Collection<State> states) {
    List<Node> roots = new ArrayList<>(results);
    List<@Nullable Variable> targets = new ArrayList<>();
    results.forEach(r -> targets.add(null));
    List<Storage> outputs = new ArrayList<>();
    results.forEach(r -> outputs.add(Storage.allocate(r.dtype(), r.shape().elements())));
    for (State s : states) {
      Node next = s.pending();
      if (next != null) {
        roots.add(next);
        targets.add(s.variable());
        outputs.add(s.storage());
      }
      s.forget();
    }
    Trace trace = Trace.of(roots, targets);
    if (trace.roots().length != roots.size()) {
      throw new IllegalStateException("a recording has no retained values");
    }
    return new Recording(
        Backends.current(), trace, outputs.toArray(new Storage[0]), results.size());
  }

  /**
   * Returns whether this may run: the backend is the one of the recording, and the weights that it
   * reads have not changed. If not, the computation has to be recorded again.
   */
  public boolean isCurrent() {
    return backend == Backends.current() && trace.isCurrent();
  }

  /** Computes everything from the present contents of leaves and states. */
  public void run() {
    backend.programs().get(trace).run(trace.inputs(), outputs, OPEN);
    for (Storage s : outputs) {
      s.modified();
    }
    Profile profile = Profile.current();
    if (profile != null) {
      profile.keeps(backend);
    }
  }

  /** Returns the number of results. */
  public int results() {
    return results;
  }

  /** Returns the memory of result {@code i}; the next run replaces its contents. */
  public Storage result(int i) {
    return outputs[Objects.checkIndex(i, results)];
  }
}
