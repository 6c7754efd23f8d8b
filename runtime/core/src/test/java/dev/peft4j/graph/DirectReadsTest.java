package dev.peft4j.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.cpu.CpuBackend;
import dev.peft4j.backend.reference.ReferenceBackend;
import dev.peft4j.data.Encodings;
import dev.peft4j.nn.Embedding;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class DirectReadsTest {
  private final Embedding table = new Embedding(30, 4);
  private final Tensor ids = Tensor.of(new int[] {1, 2});

  private List<String> ops(Backend backend, Tensor... roots) {
    List<Node> nodes = List.of(roots).stream().map(Tensor::node).toList();
    return Engine.program(backend, nodes).steps().stream().map(s -> s.op().name()).toList();
  }

  @Test
  void aKernelThatReadsCodesGetsTheWeightItself() {
    table.to(Encodings.BFLOAT16);
    assertThat(ops(new CpuBackend(), table.forward(ids))).containsExactly("Gather");
    assertThat(ops(new ReferenceBackend(), table.forward(ids))).containsExactly("Decode", "Gather");
  }

  @Test
  void itIsDecodedOnceForAllOthers() {
    table.to(Encodings.FLOAT16);
    Tensor doubled = table.weight().add(table.weight());
    assertThat(ops(new CpuBackend(), table.forward(ids), doubled, table.weight().exp()))
        .containsOnlyOnce("Decode")
        .contains("Gather");
  }

  @Test
  void dataInCodesIsDecoded() {
    Tensor data = Tensor.of(table.weight().own().copyAs(Encodings.FLOAT16), table.weight().shape());
    assertThat(ops(new CpuBackend(), data.toFloat().embedding(ids)))
        .containsExactly("Decode", "Gather");
  }
}
