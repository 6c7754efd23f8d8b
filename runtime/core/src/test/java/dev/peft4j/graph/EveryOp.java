package dev.peft4j.graph;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.ProgramCache;

/** A backend with a kernel for every op but some: for tests of what programs it would be given. */
record EveryOp(Class<?>... but) implements Backend {
  @Override
  public String name() {
    return "every op";
  }

  @Override
  public int priority() {
    return -1;
  }

  @Override
  public boolean supports(Op op) {
    for (Class<?> c : but) {
      if (c.isInstance(op)) {
        return false;
      }
    }
    return true;
  }

  @Override
  public ProgramCache programs() {
    throw new UnsupportedOperationException("only plans");
  }

  @Override
  public Executable compile(Program program) {
    throw new UnsupportedOperationException("only plans");
  }
}
