package dev.peft4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.lora.LoraConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Whatever is kept between calls, they give what calls by themselves give. */
class SessionCacheTest {
  private static final GenerationConfig FIVE = GenerationConfig.builder().maxNewTokens(5).build();
  private static final long PLENTY = 1 << 24;

  private final CausalLm model = GenerationSessionTest.model();
  private final Generator generator = Generator.of(model).with(FIVE);

  private static int[] text(int length, int seed) {
    return IntStream.range(0, length).map(i -> (i * 7 + seed * i * i + seed) % 50).toArray();
  }

  private static int[] joined(int[] a, int... b) {
    int[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }

  private static int[] tokens(GenerationResult r) {
    return r.rows().getFirst().tokens();
  }

  private static int[] ask(SessionCache cache, String adapter, int... prompt) {
    GenerationRequest r = new GenerationRequest(prompt, FIVE, adapter);
    return tokens(cache.generate(r, GenerationListener.NONE));
  }

  private int[] alone(int... prompt) {
    return tokens(generator.generate(prompt));
  }

  @Test
  void conversationsThatTakeTurnsEachGoOn() {
    SessionCache cache = new SessionCache(generator, PLENTY);
    int[] common = text(40, 1);
    List<int[]> texts = new ArrayList<>();
    for (int c = 0; c < 3; c++) {
      texts.add(joined(common, text(30, c + 2)));
    }
    long before = 0;
    for (int turn = 0; turn < 3; turn++) {
      for (int c = 0; c < 3; c++) {
        int[] answer = ask(cache, null, texts.get(c));
        assertThat(answer).containsExactly(alone(texts.get(c)));
        long reused = cache.reused() - before;
        before += reused;
        // the first finds nothing, the others of the first turn the common beginning
        int known = turn > 0 ? texts.get(c).length - 4 : c > 0 ? 40 : 0;
        assertThat(reused).isBetween((long) known - 1, (long) known + 1);
        texts.set(c, joined(joined(texts.get(c), answer), 9, 8, 7));
      }
    }
    assertThat(cache.sessions()).isEqualTo(3);
  }

  @Test
  void theMemoryIsBounded() {
    SessionCache one = new SessionCache(generator, PLENTY);
    ask(one, null, text(20, 1));
    long bytes = one.bytes();
    assertThat(bytes).isPositive();
    SessionCache two = new SessionCache(generator, 2 * bytes + 1);
    for (int i = 0; i < 6; i++) {
      int[] text = text(20, i);
      assertThat(ask(two, null, text)).containsExactly(alone(text));
      assertThat(two.bytes()).isLessThanOrEqualTo(2 * bytes + 1);
    }
    assertThat(two.sessions()).isEqualTo(2);
    ask(two, null, joined(text(20, 5), 1)); // the last one is still there
    assertThat(two.reused()).isEqualTo(20);
    SessionCache none = new SessionCache(generator, 0);
    ask(none, null, text(20, 1));
    assertThat(none.bytes()).isZero();
    assertThat(none.sessions()).isZero();
    two.clear();
    assertThat(two.bytes()).isZero();
    assertThatThrownBy(() -> new SessionCache(generator, -1)).hasMessageContaining("-1 bytes");
  }

  @Test
  void otherAdaptersAndOtherWeightsBeginAnew() {
    LoraConfig lora = LoraConfig.builder().targets("q_proj", "down_proj").init(Init.RANDOM).build();
    AdapterSet set = AdapterSet.freezing(model);
    Rng.with(
        3,
        () -> {
          set.addMatching("a", lora);
          set.addMatching("b", lora);
          return 0;
        });
    set.eval();
    Generator with = generator.with(set);
    SessionCache cache = new SessionCache(with, PLENTY);
    int[] text = text(30, 2);
    for (String name : new String[] {"a", "b", AdapterSet.BASE, null, "a"}) {
      assertThat(ask(cache, name, text)).as(name).containsExactly(ofSet(with, name, text));
    }
    assertThat(cache.reused()).isEqualTo(2 * 29); // null is "a", the active one, like the last
    set.delete("b"); // another one of that name
    Rng.with(
        7,
        () -> {
          set.addMatching("b", lora);
          return 0;
        });
    set.eval();
    assertThat(ask(cache, "b", text)).containsExactly(ofSet(with, "b", text));
    set.trainableParameters()
        .forEach(p -> p.set(Tensor.full(0.1f, p.shape().toArray()).toFloats()));
    long before = cache.reused();
    assertThat(ask(cache, "a", text)).containsExactly(ofSet(with, "a", text));
    assertThat(cache.reused()).isEqualTo(before);
    assertThat(ask(cache, AdapterSet.BASE, text)).containsExactly(ofSet(with, "__base__", text));
    assertThat(cache.reused()).isEqualTo(before + 29);
  }

  private static int[] ofSet(Generator with, String adapter, int... text) {
    GenerationRequest r = new GenerationRequest(text, FIVE, adapter);
    return tokens(with.run(List.of(r), GenerationListener.NONE));
  }

  @Test
  void manyThreadsMayCall() {
    SessionCache cache = new SessionCache(generator, 1 << 16);
    List<CompletableFuture<Void>> all = new ArrayList<>();
    for (int t = 0; t < 4; t++) {
      int seed = t / 2;
      all.add(
          CompletableFuture.runAsync(
              () -> {
                int[] text = text(25, seed);
                for (int turn = 0; turn < 5; turn++) {
                  int[] answer = ask(cache, null, text);
                  assertThat(answer).containsExactly(alone(text));
                  text = joined(joined(text, answer), turn);
                }
              }));
    }
    all.forEach(CompletableFuture::join);
    assertThat(cache.bytes()).isLessThanOrEqualTo(1 << 16);
  }
}
