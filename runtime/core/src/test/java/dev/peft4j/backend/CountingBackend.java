package dev.peft4j.backend;

import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import java.util.ArrayList;
import java.util.List;

/** Counts what another backend is asked to do. */
final class CountingBackend implements Backend {
  private final Backend backend;
  private final ProgramCache programs = new ProgramCache(this);

  /** Every program that was compiled. */
  final List<Program> compiled = new ArrayList<>();

  /** Number of runs. */
  int runs;

  CountingBackend(Backend backend) {
    this.backend = backend;
  }

  @Override
  public String name() {
    return "counting " + backend.name();
  }

  @Override
  public int priority() {
    return -1;
  }

  @Override
  public boolean supports(Op op) {
    return backend.supports(op);
  }

  @Override
  public ProgramCache programs() {
    return programs;
  }

  @Override
  public Executable compile(Program program) {
    compiled.add(program);
    Executable executable = backend.compile(program);
    return (inputs, outputs, gate) -> {
      runs++;
      executable.run(inputs, outputs, gate);
    };
  }
}
