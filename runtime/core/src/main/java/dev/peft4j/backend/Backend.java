package dev.peft4j.backend;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.Program;
import dev.peft4j.graph.Support;

/**
 * A device or library that runs programs; backends are found by {@link java.util.ServiceLoader}. A
 * backend has a kernel for each op it {@link #supports}; the others are decomposed for it. What it
 * keeps from run to run, mainly compiled programs, belongs to the instance and is freed by {@link
 * #close}.
 */
public interface Backend extends Support, AutoCloseable {
  /** Returns a short name, for example {@code cpu}. */
  String name();

  /** Returns the priority: the available backend with the highest one is the default. */
  int priority();

  /** Compiles a program that is to be run many times. */
  Executable compile(Program program);

  /** Returns the cache of compiled programs, the same one for as long as this backend lives. */
  ProgramCache programs();

  /**
   * Returns the number of threads that a program is computed with. Results may depend on it, in
   * their last bits.
   */
  default int threads() {
    return 1;
  }

  /** Returns figures of what this backend keeps. */
  default CacheFigures cacheFigures() {
    return new CacheFigures(programs().size(), programs().compilations(), 0, 0);
  }

  /**
   * Frees what is kept from run to run. Current runs are not affected; what is computed afterwards
   * is compiled again.
   */
  @Override
  default void close() {
    programs().close();
  }

  /** A compiled program; several threads may run it at once. */
  interface Executable {
    /**
     * Computes the program's outputs.
     *
     * @param inputs data of the program's inputs
     * @param outputs memory for each output; an output with a target gets the target's memory,
     *     which may also be an input: it is written only after the gate, which may exchange it
     * @param gate called when everything is computed and before any target is replaced; if it
     *     throws, no target is replaced
     */
    void run(Storage[] inputs, Storage[] outputs, Runnable gate);

    /**
     * Returns the bytes that a run needs besides its inputs and outputs, with the copies of weights
     * that are kept from run to run; 0 if that is not known.
     */
    default long bytes() {
      return 0;
    }

    /**
     * Frees what the program holds on a device. Called when the program is dropped from the cache,
     * possibly while another thread runs it; that run continues.
     */
    default void close() {}
  }
}
