package dev.peft4j.backend;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.backend.cases.DoubleOracle;
import dev.peft4j.backend.cases.FiniteDifferences;
import dev.peft4j.backend.cases.OpCase;
import dev.peft4j.backend.reference.ReferenceBackend;
import java.util.Map;

/**
 * The reference backend against textbook formulas in double precision and finite differences of
 * them.
 */
class ReferenceBackendTest extends BackendContract {
  @Override
  Backend backend() {
    return new ReferenceBackend();
  }

  @Override
  void check(OpCase c, OpCase.Outcome outcome) {
    double[] expected = new DoubleOracle(Map.of()).value(c.build().result().node());
    Compare.close(c + ": result", outcome.value(), expected, c.absolute());
    FiniteDifferences.check(c, outcome);
  }
}
