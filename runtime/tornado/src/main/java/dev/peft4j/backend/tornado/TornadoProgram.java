package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.MemoryEstimate;
import dev.peft4j.backend.Profile;
import dev.peft4j.backend.tornado.op.MoveKernels;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Program;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A program on the device. Its buffers and kernels are made at the first run and stay until the
 * program is closed or the device needs the memory for another one; then they are made again.
 */
final class TornadoProgram implements Backend.Executable {
  private final Program program;
  private final TornadoBackend backend;
  private final Integers integers;

  /** Inputs that were thought frozen and have changed; brought in each time if they are small. */
  private final Set<Integer> unfrozen = new HashSet<>();

  private @Nullable Resident resident;
  private int running;
  private boolean closing;

  TornadoProgram(Program program, TornadoBackend backend) {
    this.program = program;
    this.backend = backend;
    this.integers = new Integers(program);
  }

  @Override
  public void run(Storage[] inputs, Storage[] outputs, Runnable gate) {
    backend.lock().lock();
    running++;
    try {
      // before anything is filled: what is fetched from another program may need it closed later
      Resident r = ready(inputs);
      r.fillInputs(inputs);
      r.bringStates(inputs);
      try {
        compute(r.plan);
      } catch (DeviceMemoryException e) {
        closing = true; // what it holds is of no use; others may need it
        throw backend.doesNotFit(MemoryEstimate.of(program), e);
      }
      r.giveResults(inputs, outputs);
      gate.run();
      r.replaceStates(outputs);
      backend.touched(this);
    } finally {
      running--;
      if (closing && running == 0) {
        closing = false;
        free();
      }
      backend.lock().unlock();
    }
  }

  private void compute(GraphPlan plan) {
    Profile profile = Profile.current();
    if (profile == null) {
      plan.compute(null);
      return;
    }
    long[] nanos = new long[program.steps().size()];
    plan.compute(nanos);
    for (int s = 0; s < nanos.length; s++) {
      profile.add(program, program.steps().get(s), nanos[s]);
    }
    profile.planned(bytes());
  }

  /** What is on the device, made again if it was dropped or frozen inputs have changed. */
  private Resident ready(Storage[] inputs) {
    Resident r = resident;
    if (r != null && (!r.fits(inputs) || r.recorded != isRecorded())) {
      free();
      r = null;
    }
    if (r != null) {
      return r;
    }
    backend.requirePossible(program);
    Lowered lowered = new Lowered(inputs);
    backend.kernels().compileMissing(lowered.items(), backend.lock());
    if (resident != null) { // another thread was faster while this one compiled
      return ready(inputs);
    }
    Resident made = new Resident(lowered, inputs);
    resident = made;
    return made;
  }

  /** True if graphs are to be recorded: what is recorded cannot be measured. */
  private boolean isRecorded() {
    return backend.recordsGraphs() && Profile.current() == null;
  }

  /** Returns the bytes of buffers on the device. */
  @Override
  public long bytes() {
    Resident r = resident;
    return r == null ? 0 : r.bytes;
  }

  @Override
  public void close() {
    backend.lock().lock();
    try {
      closing = running > 0; // a run that compiles has given the device away: it closes at its end
      if (!closing) {
        free();
      }
    } finally {
      backend.lock().unlock();
    }
  }

  private void free() {
    release();
    backend.released(this);
  }

  /** Gives the device's memory back; states that are newest here go to the host first. */
  void release() {
    Resident r = resident;
    if (r != null) {
      r.saveStates();
      resident = null;
      if (r.plan != null) {
        r.plan.close();
      }
    }
  }

  @Override
  public String toString() {
    Resident r = resident;
    return r == null ? "not on the device" : r.plan.toString();
  }

  /** The calls of kernels and their buffers. */
  private final class Lowered {
    private final Buffers buffers;
    private final List<GraphPlan.Item> compute;
    private final List<GraphPlan.Item> commit = new ArrayList<>();

    /** Results that the device computes, by their place among the outputs. */
    private final Map<Integer, FloatArray> results = new LinkedHashMap<>();

    Lowered(Storage[] inputs) {
      buffers = new Buffers(program, unfrozen, inputs, backend.memory(), backend::requirePossible);
      compute = DeviceLowering.lower(program, buffers, backend.products());
      List<FloatArray> from = new ArrayList<>();
      List<FloatArray> to = new ArrayList<>();
      List<Integer> sizes = new ArrayList<>();
      for (int o = 0; o < program.outputs().length; o++) {
        int v = program.outputs()[o];
        int target = program.targets()[o];
        int base = buffers.base(v);
        boolean given = base < program.inputs() && !buffers.isInPlace(base);
        if (program.dtype(v).isInteger() || program.shape(v).elements() == 0) {
          continue;
        }
        if (program.updatesInPlace(o)) {
          continue; // its rows are written where they belong
        }
        if (target >= 0) {
          FloatArray value = buffers.get(v);
          int n = program.shape(v).size();
          if (given) { // read before any state is replaced
            FloatArray copy = buffers.extra(n);
            compute.add(
                new GraphPlan.Item("copy of a state", MoveKernels.copy(value, copy, n), -1));
            value = copy;
          }
          from.add(value);
          to.add(buffers.get(target));
          sizes.add(n);
        } else if (!given) {
          results.put(o, buffers.get(v));
        }
      }
      int[] n = sizes.stream().mapToInt(i -> i).toArray();
      MoveKernels.copies(from, to, n)
          .forEach(c -> commit.add(new GraphPlan.Item("new values of states", c, -1)));
      if (compute.isEmpty() && !commit.isEmpty()) {
        throw new IllegalStateException("a program that computes nothing replaces states");
      }
    }

    List<GraphPlan.Item> items() {
      List<GraphPlan.Item> all = new ArrayList<>(compute);
      all.addAll(commit);
      return all;
    }
  }

  /** Buffers, plan, and what the buffers hold. */
  private final class Resident {
    private final List<HostInput> changing = new ArrayList<>();
    private final List<HostInput.Given> frozen = new ArrayList<>();
    private final List<HostInput.Floats> states = new ArrayList<>();
    private final Map<Integer, HostInput.Floats> stateOf = new HashMap<>();
    private final Map<Integer, FloatArray> results;
    private final GraphPlan plan;
    private final boolean recorded = isRecorded();
    private final long bytes;

    Resident(Lowered lowered, Storage[] inputs) {
      Buffers buffers = lowered.buffers;
      results = lowered.results;
      Set<Object> fresh = GraphPlan.identitySet();
      for (HostInput in : buffers.inputs()) {
        if (in instanceof HostInput.Floats f && buffers.isState(f.value())) {
          states.add(f);
          stateOf.put(f.value(), f);
        } else if (in instanceof HostInput.Given g && buffers.isFrozen(g.value())) {
          frozen.add(g);
        } else {
          changing.add(in);
          fresh.add(in.array());
        }
      }
      backend.makeRoom(TornadoProgram.this, buffers);
      bytes = buffers.bytes();
      for (HostInput.Given f : frozen) {
        Storage s = inputs[f.value()];
        if (buffers.isFilled(f.array())) {
          f.remember(s);
        } else {
          f.fill(s);
          buffers.filled(f.array(), s);
        }
      }
      // outputs that another target's step computes too must be read where they are computed
      plan =
          new GraphPlan(
              backend.device(),
              backend.kernels(),
              new GraphPlan.Request(
                  lowered.compute,
                  lowered.commit,
                  fresh,
                  results.values().stream().distinct().toList(),
                  states.stream().map(HostInput.Floats::array).toList(),
                  states.stream().map(s -> program.shape(s.value()).size()).toList(),
                  recorded));
    }

    /** True if the frozen inputs are those that are on the device, and states can be brought in. */
    boolean fits(Storage[] inputs) {
      for (HostInput.Given f : frozen) {
        if (!f.holds(inputs[f.value()])) {
          unfrozen.add(f.value());
          return false;
        }
      }
      return plan.fresh() || plan.canStage() || statesHold(inputs);
    }

    private boolean statesHold(Storage[] inputs) {
      return states.stream().allMatch(s -> s.holds(inputs[s.value()]));
    }

    void fillInputs(Storage[] inputs) {
      Map<Integer, long[]> known = new HashMap<>();
      for (HostInput in : changing) {
        switch (in) {
          case HostInput.Given g -> {
            if (!g.holds(inputs[g.value()])) {
              g.fill(inputs[g.value()]);
            }
          }
          case HostInput.Converted c -> c.fill(integers(c.value(), known, inputs));
          case HostInput.Integers i -> i.fill(integers(i.value(), known, inputs));
          case HostInput.Ids i -> i.fill(integers(i.value(), known, inputs));
          case HostInput.Labels l -> l.fill(integers(l.value(), known, inputs));
          case HostInput.Count c -> c.fill(integers(c.value(), known, inputs));
          case HostInput.Key k -> k.fill(integers(k.value(), known, inputs));
        }
      }
    }

    private long[] integers(int v, Map<Integer, long[]> known, Storage[] inputs) {
      return known.computeIfAbsent(v, k -> integers.of(k, inputs));
    }

    /** Brings in the states that have changed since the device had them. */
    void bringStates(Storage[] inputs) {
      if (plan.fresh()) {
        states.forEach(s -> s.fill(inputs[s.value()], s.array()));
      } else if (!statesHold(inputs)) {
        saveStates();
        for (int i = 0; i < states.size(); i++) {
          HostInput.Floats s = states.get(i);
          s.fill(inputs[s.value()], plan.staging(i));
        }
        plan.stage();
      }
    }

    void giveResults(Storage[] inputs, Storage[] outputs) {
      for (int o = 0; o < outputs.length; o++) {
        int v = program.outputs()[o];
        if (program.targets()[o] >= 0 || program.shape(v).elements() == 0) {
          continue;
        }
        FloatArray array = results.get(o);
        if (array != null) {
          MemorySegment.copy(array.getSegment(), 0, outputs[o].segment(), 0, program.bytes(v));
        } else if (program.dtype(v).isInteger()) {
          write(integers.of(v, inputs), outputs[o]);
        } else {
          Storage in = inputs[baseInput(v)];
          MemorySegment plain =
              in.encoding().isPlain() ? in.segment() : MemorySegment.ofArray(in.toFloats());
          MemorySegment.copy(plain, 0, outputs[o].segment(), 0, program.bytes(v));
        }
      }
    }

    /** The input that an output is, or is the start of. */
    private int baseInput(int v) {
      int b = v;
      while (b >= program.inputs()) {
        b = program.steps().get(b - program.inputs()).inputs()[0];
      }
      return b;
    }

    private void write(long[] x, Storage to) {
      Storage s =
          switch (to.dtype()) {
            case INT64 -> Storage.of(x);
            case INT32 -> {
              int[] ints = new int[x.length];
              for (int i = 0; i < x.length; i++) {
                ints[i] = (int) x[i];
              }
              yield Storage.of(ints);
            }
            default -> throw new IllegalStateException("integers in a storage of " + to.dtype());
          };
      MemorySegment.copy(s.segment(), 0, to.segment(), 0, (long) x.length * to.dtype().bytes());
    }

    void replaceStates(Storage[] outputs) {
      boolean any = false;
      for (int target : program.targets()) {
        any |= target >= 0 && stateOf.containsKey(target);
      }
      if (!any) {
        return;
      }
      for (int o = 0; o < outputs.length; o++) {
        HostInput.Floats state = stateOf.get(program.targets()[o]);
        if (state != null && !state.holds(outputs[o])) {
          state.save(); // the buffer will belong to another storage
        }
      }
      plan.commit();
      for (int o = 0; o < outputs.length; o++) {
        HostInput.Floats state = stateOf.get(program.targets()[o]);
        if (state != null) {
          Storage s = outputs[o];
          s.movedTo(() -> fetch(s, state));
          state.remember(s);
        }
      }
    }

    private void fetch(Storage s, HostInput.Floats state) {
      backend.lock().lock();
      try {
        plan.read(state.array());
        long bytes = s.elements() * Float.BYTES;
        s.receive(state.array().getSegment().asSlice(0, bytes));
      } finally {
        backend.lock().unlock();
      }
    }

    /** Brings the states that are newest on the device to the host. */
    void saveStates() {
      states.forEach(HostInput.Floats::save);
    }
  }
}
