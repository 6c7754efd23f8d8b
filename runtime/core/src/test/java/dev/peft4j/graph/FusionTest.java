package dev.peft4j.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.cases.ChainCases;
import dev.peft4j.backend.cases.OpCase;
import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A fused chain computes what its parts compute one by one, bit for bit: the reference rounds each
 * function.
 */
class FusionTest {
  private static final ReferenceBackend REFERENCE = new ReferenceBackend();

  @ParameterizedTest
  @ValueSource(ints = {0, 40, 80, 120, 160, 200})
  void fusedEqualsUnfused(int first) {
    for (int seed = first; seed < first + 40; seed++) {
      OpCase c = ChainCases.chain(seed);
      List<float[]> fused = new ArrayList<>();
      for (Node n : wanted(c.build())) {
        fused.add(compute(n));
      }
      List<Node> wanted = wanted(c.build());
      for (Node n : Lowering.sorted(wanted)) {
        if (!n.isKnown()) {
          compute(n);
        }
      }
      for (int i = 0; i < wanted.size(); i++) {
        assertThat(compute(wanted.get(i))).as("%s, result %d", c, i).isEqualTo(fused.get(i));
      }
    }
  }

  private static List<Node> wanted(OpCase.Graph g) {
    List<Node> wanted = new ArrayList<>(List.of(g.result().node()));
    if (g.loss() != null) {
      g.loss().backward();
      g.variables().stream().map(Variable::gradient).filter(Objects::nonNull).forEach(wanted::add);
    }
    return wanted;
  }

  private static float[] compute(Node n) {
    return Backends.with(
        REFERENCE,
        () -> {
          Engine.evaluate(List.of(n), Collections.nCopies(1, null), () -> {});
          float[] v = Tensor.of(n).toFloats();
          for (int i = 0; i < v.length; i++) {
            v[i] += 0f; // -0 becomes 0: x + 0 is folded to x, which differs there
          }
          return v;
        });
  }
}
