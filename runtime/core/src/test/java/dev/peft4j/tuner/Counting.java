package dev.peft4j.tuner;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.ProgramCache;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** The default backend, counting the programs that it compiles. */
final class Counting implements Backend {
  private final Backend backend = Backends.current();
  private final ProgramCache programs = new ProgramCache(this);
  private final AtomicInteger compiled = new AtomicInteger();

  int compiled() {
    return compiled.get();
  }

  <T> T run(Supplier<T> body) {
    return Backends.with(this, body);
  }

  @Override
  public String name() {
    return "counting";
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
    compiled.incrementAndGet();
    return backend.compile(program);
  }
}
