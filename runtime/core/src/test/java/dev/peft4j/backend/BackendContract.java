package dev.peft4j.backend;

import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.backend.cases.OpCase;
import dev.peft4j.backend.cases.OpCases;
import dev.peft4j.backend.reference.ReferenceBackend;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/** What every backend has to fulfil: a subclass names the backend. */
abstract class BackendContract {
  static final Backend REFERENCE = new ReferenceBackend();

  /** The backend under test. */
  abstract Backend backend();

  /** Compares with what is right: the reference backend, unless it is tested itself. */
  void check(OpCase c, OpCase.Outcome outcome) {
    Compare.close(c, outcome, c.run(REFERENCE));
  }

  @TestFactory
  Stream<DynamicNode> everyOp() {
    Backend backend = backend();
    return OpCases.groups().entrySet().stream()
        .map(
            group ->
                dynamicContainer(
                    group.getKey(),
                    group.getValue().stream()
                        .map(c -> dynamicTest(c.name(), () -> check(c, c.run(backend))))));
  }
}
