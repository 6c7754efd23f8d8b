package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Rng;
import dev.peft4j.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ContentDigestTest {
  private enum Color {
    RED,
    GREEN
  }

  private record Example(float[] x, String text, Integer label) {}

  /** As programs had them before records, with something that does not count. */
  private static class Old {
    private final String text;
    private final int[] ids;
    private final transient Object cache = new Object();

    Old(String text, int... ids) {
      this.text = text;
      this.ids = ids;
    }

    @Override
    public String toString() {
      return text + Arrays.toString(ids) + cache;
    }
  }

  private static final class More extends Old {
    private final double weight;

    More(double weight) {
      super("t", 1);
      this.weight = weight;
    }

    double weight() {
      return weight;
    }
  }

  /** Pairs of which each differs from all others, made twice. */
  static List<Supplier<Object>> values() {
    List<Supplier<Object>> all = new ArrayList<>();
    all.add(() -> "");
    all.add(() -> "ab");
    all.add(() -> List.of("a", "b"));
    all.add(() -> List.of("b", "a"));
    all.add(() -> List.of(List.of("a"), "b"));
    all.add(() -> List.of(List.of("a", "b")));
    all.add(() -> 1);
    all.add(() -> 1.0f);
    all.add(() -> 1.5);
    all.add(() -> -0.0);
    all.add(() -> true);
    all.add(() -> 'a');
    all.add(() -> Color.RED);
    all.add(() -> Color.GREEN);
    all.add(() -> new int[] {1, 2});
    all.add(() -> new int[] {2, 1});
    all.add(() -> new int[] {1, 2, 0});
    all.add(() -> new byte[] {1, 2});
    all.add(() -> new float[] {1, 2});
    all.add(() -> new double[] {1, 2});
    all.add(() -> new boolean[] {true, false});
    all.add(() -> new float[][] {{1}, {2}});
    all.add(() -> new float[][] {{1, 2}});
    all.add(() -> new Rng(1).normal(100_000, 0, 1));
    all.add(() -> new Rng(2).normal(100_000, 0, 1));
    all.add(() -> new Example(new float[] {1}, "a", 1));
    all.add(() -> new Example(new float[] {1}, "a", 2));
    all.add(() -> new Example(new float[] {1}, "b", 1));
    all.add(() -> new Example(new float[] {1.0001f}, "a", 1));
    all.add(() -> new Example(new float[] {1}, "a", null));
    all.add(() -> new Old("t", 1));
    all.add(() -> new Old("t", 2));
    all.add(() -> new More(1));
    all.add(() -> new More(2));
    all.add(() -> Tensor.of(new float[] {1, 2, 3, 4}, 2, 2));
    all.add(() -> Tensor.of(new float[] {1, 2, 3, 4}, 4));
    all.add(() -> Tensor.of(new int[] {1, 2}));
    all.add(() -> Tensor.of(new long[] {1, 2}));
    all.add(() -> Tensor.of(new float[] {1, 2}).add(1));
    all.add(() -> shuffledSet(List.of("a", "b", "c", "Aa", "BB")));
    all.add(() -> shuffledSet(List.of("a", "b", "c", "Aa", "BC")));
    all.add(() -> shuffledMap("a", 1, "b", 2));
    all.add(() -> shuffledMap("a", 2, "b", 1));
    all.add(() -> Map.entry("a", 7));
    all.add(() -> Optional.of("x y"));
    all.add(() -> Path.of("a", "b"));
    all.add(() -> Path.of("a", "c"));
    all.add(() -> LocalDate.of(2024, 1, 2));
    all.add(() -> LocalDate.of(2024, 1, 3));
    all.add(() -> FloatBuffer.wrap(new float[] {1, 2, 3}));
    all.add(() -> FloatBuffer.wrap(new float[] {1, 2, 4}));
    all.add(() -> new StringBuilder("built"));
    all.add(() -> Arrays.asList("a", null));
    return all;
  }

  private static Set<String> shuffledSet(List<String> of) {
    Set<String> set = new HashSet<>(1 << ThreadLocalRandom.current().nextInt(10));
    set.addAll(of);
    return set;
  }

  private static Map<String, Integer> shuffledMap(String a, int one, String b, int two) {
    Map<String, Integer> map = new LinkedHashMap<>();
    if (ThreadLocalRandom.current().nextBoolean()) {
      map.put(a, one);
      map.put(b, two);
    } else {
      map.put(b, two);
      map.put(a, one);
    }
    return map;
  }

  @Test
  void otherContentIsAnotherChecksumAndTheSameContentTheSame() {
    Map<String, Integer> seen = new LinkedHashMap<>();
    List<Supplier<Object>> values = values();
    for (int i = 0; i < values.size(); i++) {
      String first = digest(values.get(i).get());
      assertThat(first).as("value " + i).isNotNull();
      for (int again = 0; again < 5; again++) {
        assertThat(digest(values.get(i).get())).as("value " + i).isEqualTo(first);
      }
      Integer twin = seen.put(first, i);
      // 1.0f and 1 as double are one number
      assertThat(twin).as("value " + i).isNull();
    }
  }

  private static String digest(Object value) {
    return ContentDigest.of(Arrays.asList(value));
  }

  static List<Object> without() {
    Supplier<String> function = () -> "x";
    return List.of(
        function,
        new Object(),
        new Thread(),
        Arrays.asList(1, new Object()),
        List.of(function),
        new Example[0].getClass(),
        Optional.of(function),
        FloatBuffer.wrap(new float[1]).getClass());
  }

  @ParameterizedTest
  @MethodSource("without")
  void someThingsHaveNoContent(Object value) {
    assertThat(digest(value)).isNull();
  }

  @Test
  void whatHoldsItselfHasNoContent() {
    List<Object> self = new ArrayList<>();
    self.add(self);
    assertThat(digest(self)).isNull();
  }

  /** As examples are that know where they are from. */
  private static final class Place {
    final Place[] all;
    final Object whole;
    final int index;

    Place(Place[] all, Object whole, int index) {
      this.all = all;
      this.whole = whole;
      this.index = index;
    }
  }

  @Test
  void whatManyExamplesShareIsReadOnce() {
    int n = 20_000;
    float[][] whole = new float[1000][1000];
    List<Place> places = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      places.add(new Place(new Place[0], List.of((Object) whole), i));
    }
    // each list is another one, what it holds is not; else this were 80 GB
    String first = ContentDigest.of(places);
    assertThat(first).isNotNull();
    whole[999][999] = 1;
    assertThat(ContentDigest.of(places)).isNotEqualTo(first);
  }

  @Test
  void sharingIsNotContent() {
    float[] one = new Rng(1).normal(5000, 0, 1);
    assertThat(digest(List.of(List.of(one), List.of(one))))
        .isEqualTo(digest(List.of(List.of(one.clone()), List.of(one.clone()))));
  }

  @Test
  void partsThatKnowTheirWholeHaveNoContentAndDoNotTakeForever() {
    Place[] all = new Place[100];
    for (int i = 0; i < all.length; i++) {
      all[i] = new Place(all, "x", i);
    }
    assertThat(ContentDigest.of(List.of(all))).isNull();
  }

  @Test
  void itIsTheSameInEveryProcess() {
    // written down: a checkpoint of yesterday has to be the same data today
    assertThat(
            ContentDigest.of(
                List.of(
                    new Example(new float[] {1, -2.5f}, "na\u00efve", 3),
                    new Old("text", 4, 5),
                    Map.of("a", 1, "b", 2, "c", 3),
                    Set.of("x", "y", "z"),
                    Color.GREEN,
                    Tensor.of(new long[] {7, 8}, 1, 2))))
        .isEqualTo("a4d09f10063e2d0c230bfcd320028919");
  }

  @Test
  void batchesOfWhatHasNoContentStandForIt() {
    record Lazy(Supplier<float[]> load) {}
    List<Lazy> lazy = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      float[] x = {i};
      lazy.add(new Lazy(() -> x));
    }
    Map<String, String> all = of(lazy, 3);
    assertThat(all)
        .containsEntry("number of examples", "7")
        .containsEntry("batch size", "3")
        .containsEntry("order", "shuffled with seed 5")
        .containsKey("checksum of batches")
        .doesNotContainKey("checksum of examples");
    assertThat(of(lazy, 3)).isEqualTo(all);
    List<Lazy> other = new ArrayList<>(lazy);
    other.set(3, new Lazy(() -> new float[] {9}));
    assertThat(of(other, 3).get("checksum of batches"))
        .isNotEqualTo(all.get("checksum of batches"));
  }

  private static <E extends Record> Map<String, String> of(List<E> examples, int size) {
    return Batches.shuffled(
            examples,
            size,
            5,
            some ->
                some.stream()
                    .map(
                        e -> {
                          try {
                            var load = e.getClass().getDeclaredMethod("load");
                            load.setAccessible(true);
                            return ((Supplier<?>) load.invoke(e)).get();
                          } catch (ReflectiveOperationException x) {
                            throw new AssertionError(x);
                          }
                        })
                    .toList())
        .fingerprint();
  }

  @Test
  void batchesOfOnesOwnHaveTheNumberAndAChecksum() {
    assertThat(own(100, 0, false)).isEqualTo(own(100, 0, false));
    assertThat(own(100, 0, false)).hasSize(2).isNotEqualTo(own(100, 1, false));
    assertThat(own(100, 0, false)).isNotEqualTo(own(99, 0, false));
    // what is another one each time has no checksum
    assertThat(own(100, 0, true)).isEqualTo(Map.of("number of batches", "100"));
  }

  private static Map<String, String> own(int count, int shift, boolean random) {
    return new Batches<Object>() {
      @Override
      public int count() {
        return count;
      }

      @Override
      public Object get(long epoch, int index) {
        // noise of the run's generator is allowed
        float noise = Rng.current().normal(1, 0, 1)[0];
        int own = random ? ThreadLocalRandom.current().nextInt() : 0;
        return List.of(new float[] {index, epoch + shift, noise}, own);
      }
    }.fingerprint();
  }

  @Test
  void aFingerprintDoesNotChangeTheRun() {
    Rng rng = new Rng(3);
    Rng.with(
        rng,
        () -> {
          own(10, 0, false);
          return 0;
        });
    assertThat(rng.position()).isZero();
  }
}
