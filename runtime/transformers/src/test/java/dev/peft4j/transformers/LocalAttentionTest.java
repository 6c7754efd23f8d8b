package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.graph.Node;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.ModernBert.ModernBertModel;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** ModernBERT's layers that see neighbours only. */
class LocalAttentionTest {
  private static ModernBertModel model() {
    EncoderConfig config =
        EncoderConfig.builder()
            .vocabSize(30)
            .hiddenSize(16)
            .layers(3)
            .heads(2)
            .intermediateSize(24)
            .maxPositions(2048)
            .typeVocabSize(0)
            .dropout(0)
            .build();
    ModernBertModel m =
        Rng.with(5, () -> new ModernBert().encoder(config, false, Init.random(config)));
    m.eval();
    return m;
  }

  private static Tensor ids(int batch, int tokens) {
    long[] ids = new long[batch * tokens];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = 1 + (i * 7L + i / 5) % 29;
    }
    return Tensor.of(ids, batch, tokens);
  }

  /** Nothing in the graph is as large as a matrix of scores, with padding or without. */
  @Test
  void memoryGrowsWithTokens() {
    int tokens = 1024;
    long[] mask = new long[2 * tokens];
    java.util.Arrays.fill(mask, 0, tokens + 100, 1); // the second text has 100 tokens
    ModernBertModel m = model();
    Tensor padded = m.forward(ids(2, tokens), Tensor.of(mask, 2, tokens));
    Tensor whole = m.forward(ids(1, tokens), null);
    assertThat(largest(padded.node())).isLessThan(tokens * tokens / 8L);
    assertThat(largest(whole.node())).isLessThan(tokens * tokens / 8L);
  }

  private static long largest(Node root) {
    Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    visit(root, seen);
    return seen.stream().mapToLong(n -> n.shape().elements()).max().orElse(0);
  }

  private static void visit(Node n, Set<Node> seen) {
    if (seen.add(n)) {
      for (Node in : n.inputs()) {
        visit(in, seen);
      }
    }
  }

  /** Padding changes nothing for tokens, however much there is and on which side. */
  @Test
  void tokensDoNotSeePadding() {
    ModernBertModel m = model();
    float[] alone = m.forward(ids(1, 40), null).toFloats();
    Set<Float> differences = new HashSet<>();
    for (int more : new int[] {1, 70, 300}) {
      long[] ids = java.util.Arrays.copyOf(ids(1, 40).toLongs(), 40 + more);
      long[] mask = new long[40 + more];
      java.util.Arrays.fill(mask, 0, 40, 1);
      float[] padded =
          m.forward(Tensor.of(ids, 1, 40 + more), Tensor.of(mask, 1, 40 + more)).toFloats();
      for (int i = 0; i < alone.length; i++) {
        assertThat(padded[i]).isCloseTo(alone[i], org.assertj.core.api.Assertions.within(2e-5f));
      }
      differences.add(padded[padded.length - 1]);
    }
    assertThat(differences).doesNotContain(Float.NaN);
  }
}
