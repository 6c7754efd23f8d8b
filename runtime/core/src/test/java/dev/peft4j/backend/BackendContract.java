package dev.peft4j.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.peft4j.backend.cases.Compare;
import dev.peft4j.backend.cases.OpCase;
import dev.peft4j.backend.cases.OpCases;
import dev.peft4j.graph.Node;
import dev.peft4j.tensor.Tensor;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/**
 * What every backend has to fulfil: a subclass names the backend. Here is the table of ops and the
 * random programs; hand-written tests are in the superclasses.
 */
abstract class BackendContract extends ProgramContract {
  /** Compares with what is right: the reference backend, unless it is tested itself. */
  void check(OpCase c, OpCase.Outcome outcome) {
    Compare.close(c, outcome, c.run(REFERENCE));
  }

  /** How many random programs are run; fewer where compiling one takes seconds. */
  int randomPrograms() {
    return dev.peft4j.fuzz.Attack.rounds(100);
  }

  /** Which cases of a group are run: all, except where compiling one takes seconds. */
  List<OpCase> chosen(List<OpCase> group) {
    return group;
  }

  @TestFactory
  Stream<DynamicNode> everyOp() {
    return OpCases.groups().entrySet().stream()
        .map(
            group ->
                dynamicContainer(
                    group.getKey(),
                    chosen(group.getValue()).stream()
                        .map(c -> dynamicTest(c.name(), () -> check(c, c.run(backend))))));
  }

  @TestFactory
  Stream<DynamicNode> randomProgramsComputeWhatTheReferenceComputes() {
    return IntStream.range(0, randomPrograms())
        .mapToObj(
            seed ->
                dynamicTest(
                    "program " + seed,
                    () -> {
                      int steps = 5 + seed % 40;
                      List<float[]> actual = compute(backend, RandomPrograms.build(seed, steps));
                      List<float[]> expected =
                          compute(REFERENCE, RandomPrograms.build(seed, steps));
                      assertThat(actual).hasSameSizeAs(expected);
                      for (int i = 0; i < actual.size(); i++) {
                        double[] e = Compare.doubles(expected.get(i));
                        Compare.close(
                            "program " + seed + ", result " + i, actual.get(i), e, 1e-4, 1e-6);
                      }
                    }));
  }

  private static List<float[]> compute(Backend backend, RandomPrograms.Built built) {
    List<Node> roots = built.roots();
    return Backends.with(
        backend,
        () -> {
          Engine.evaluate(roots, Collections.nCopies(roots.size(), null), OPEN);
          return roots.stream().map(n -> Tensor.of(n).toFloats()).toList();
        });
  }
}
