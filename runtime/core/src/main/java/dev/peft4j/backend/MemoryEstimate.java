package dev.peft4j.backend;

import dev.peft4j.graph.Program;
import java.util.Locale;

/**
 * An estimate of the memory that a program needs on a device of its own memory, made of the program
 * alone: before anything is compiled, allocated or sent.
 *
 * @param weights bytes of frozen weights, as they are held (16-bit ones and codes as such)
 * @param states bytes of trained parameters and of what the optimizer keeps of them
 * @param batch bytes of what is sent at each step
 * @param values bytes of the values between input and result, each place used again when its value
 *     has been read for the last time
 * @param largest the largest value, for people: {@code the result of matmul, shape (64, 128)}
 * @param largestBytes its bytes
 */
public record MemoryEstimate(
    long weights, long states, long batch, long values, String largest, long largestBytes) {
  /** Returns the estimate for a program. */
  public static MemoryEstimate of(Program program) {
    boolean[] state = new boolean[program.inputs()];
    for (int t : program.targets()) {
      if (t >= 0) {
        state[t] = true;
      }
    }
    long weights = 0;
    long states = 0;
    long batch = 0;
    for (int v = 0; v < program.inputs(); v++) {
      if (state[v]) {
        states += program.bytes(v);
      } else if (program.frozen(v)) {
        weights += program.bytes(v);
      } else {
        batch += program.bytes(v);
      }
    }
    int most = 0;
    for (int v = 0; v < program.values(); v++) {
      most = program.bytes(v) > program.bytes(most) ? v : most;
    }
    long values = MemoryPlan.of(program, new boolean[program.values()]).bytes();
    return new MemoryEstimate(
        weights,
        states,
        batch,
        values,
        program.values() == 0 ? "nothing" : describe(program, most),
        program.values() == 0 ? 0 : program.bytes(most));
  }

  private static String describe(Program program, int v) {
    return v < program.inputs()
        ? "an input of shape " + program.shape(v)
        : "the result of "
            + program.steps().get(v - program.inputs()).op().name()
            + ", shape "
            + program.shape(v);
  }

  /** Returns the sum of all bytes. */
  public long bytes() {
    return weights + states + batch + values;
  }

  /**
   * Returns the sentence for a device that has too little memory: what is needed and for what, what
   * is free, and what to set.
   *
   * @param device its name
   * @param free bytes that programs may take
   * @param inOnePiece bytes of the largest piece that it gives
   */
  public String doesNotFit(String device, long free, long inOnePiece) {
    return "out of device memory on "
        + device
        + ": the program needs about "
        + mib(bytes())
        + " (frozen weights "
        + mib(weights)
        + ", trained parameters and optimizer "
        + mib(states)
        + ", batch "
        + mib(batch)
        + ", values of the step "
        + mib(values)
        + "), its largest tensor ("
        + largest
        + ") "
        + mib(largestBytes)
        + "; free are "
        + mib(free)
        + ", "
        + mib(inOnePiece)
        + " in one piece: "
        + advice(free);
  }

  /** What to set, the part that takes most first. */
  private String advice(long free) {
    String ofValues =
        "take a smaller batch (--batch) or shorter texts (--max-length), or compute activations"
            + " twice (checkpointing)";
    String ofWeights =
        "hold the frozen weights in fewer bits (--dtype bfloat16, or --quantize nf4)";
    if (weights > free) {
      return ofWeights;
    }
    return weights > values
        ? ofWeights + ", or " + ofValues
        : ofValues + (weights > values / 4 ? ", or " + ofWeights : "");
  }

  private static String mib(long bytes) {
    double mib = bytes / (double) (1 << 20);
    return mib >= 10 || mib == Math.rint(mib)
        ? Math.round(mib) + " MiB"
        : String.format(Locale.ROOT, "%.1f MiB", mib);
  }
}
