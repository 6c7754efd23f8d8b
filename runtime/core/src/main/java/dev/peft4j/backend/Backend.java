package dev.peft4j.backend;

import dev.peft4j.data.Storage;
import dev.peft4j.graph.Program;
import dev.peft4j.graph.Support;

/**
 * Something that runs programs: found by {@link java.util.ServiceLoader}. A backend has a kernel
 * for each op it {@link #supports}; the others reach it decomposed. What it keeps from run to run,
 * programs above all, belongs to the instance, and {@link #close} gives it back.
 */
public interface Backend extends Support, AutoCloseable {
  /** A short name, for example {@code cpu}. */
  String name();

  /** The higher one is the default among those present. */
  int priority();

  /** Prepares a program to be run many times. */
  Executable compile(Program program);

  /** Returns the programs that this backend has compiled: one cache for as long as it lives. */
  ProgramCache programs();

  /** Returns how much this backend keeps. */
  default CacheFigures cacheFigures() {
    return new CacheFigures(programs().size(), programs().compilations(), 0, 0);
  }

  /**
   * Gives back what is kept from run to run. Runs that are going on end as if it were not called;
   * what is computed afterwards is compiled again.
   */
  @Override
  default void close() {
    programs().close();
  }

  /** A program made ready for a backend; it may be run by several threads at once. */
  interface Executable {
    /**
     * Computes the program's outputs.
     *
     * @param inputs data of the program's inputs
     * @param outputs memory for each output; that of one with a target is the target's, which may
     *     be an input too: it is written only after the gate, which may put other memory there
     * @param gate called when everything is computed and before any target is replaced; if it
     *     throws, nothing is
     */
    void run(Storage[] inputs, Storage[] outputs, Runnable gate);

    /**
     * Gives back what the program holds on a device; it is called when the program is dropped from
     * the cache, perhaps while another thread runs it, which may go on.
     */
    default void close() {}
  }
}
