package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BlasTest {
  private record Product(
      boolean ta, boolean tb, int m, int n, int k, float alpha, float beta, int pad) {
    int lda() {
      return (ta ? m : k) + pad;
    }

    int ldb() {
      return (tb ? k : n) + pad;
    }

    int ldc() {
      return n + pad;
    }

    void run(long a, long b, long c) {
      Blas.gemm(ta, tb, m, n, k, alpha, a, lda(), b, ldb(), beta, c, ldc());
    }

    float[] expected(float[] a, float[] b, float[] c) {
      float[] out = c.clone();
      for (int i = 0; i < m; i++) {
        for (int j = 0; j < n; j++) {
          double s = 0;
          for (int p = 0; p < k; p++) {
            s +=
                (double) a[ta ? p * lda() + i : i * lda() + p]
                    * b[tb ? j * ldb() + p : p * ldb() + j];
          }
          out[i * ldc() + j] = (float) (alpha * s + (beta == 0 ? 0 : beta * c[i * ldc() + j]));
        }
      }
      return out;
    }

    void check(Random random) {
      try (Floats memory = new Floats()) {
        float[] a = Floats.random(random, (ta ? k : m) * lda() + 1, 1);
        float[] b = Floats.random(random, (tb ? n : k) * ldb() + 1, 1);
        float[] c = Floats.random(random, m * ldc() + 1, 1);
        if (beta == 0) {
          for (int i = 0; i < m; i++) {
            Arrays.fill(c, i * ldc(), i * ldc() + n, Float.NaN); // must not be read
          }
        }
        long address = memory.at(1, c);
        run(memory.at(1, a), memory.at(1, b), address);
        assertThat(Floats.read(address, c.length))
            .as("%s", this)
            .containsExactly(expected(a, b, c), within(1e-4f));
      }
    }
  }

  @Test
  void equalsTheNaiveProduct() {
    Random random = new Random(1);
    int[][] shapes = {
      {1, 1, 1},
      {3, 5, 7},
      {17, 33, 9},
      {64, 64, 32},
      {100, 8, 384},
      {8, 100, 50},
      {5, 130, 1},
      {130, 70, 260}
    };
    for (int[] s : shapes) {
      for (int t = 0; t < 4; t++) {
        for (int pad : new int[] {0, 3}) {
          new Product((t & 1) != 0, (t & 2) != 0, s[0], s[1], s[2], 1f, 0f, pad).check(random);
          new Product((t & 1) != 0, (t & 2) != 0, s[0], s[1], s[2], 0.5f, 1f, pad).check(random);
          new Product((t & 1) != 0, (t & 2) != 0, s[0], s[1], s[2], -2f, 0.25f, pad).check(random);
        }
      }
    }
  }

  @Test
  void emptyProducts() {
    Random random = new Random(2);
    for (int t = 0; t < 4; t++) {
      new Product((t & 1) != 0, (t & 2) != 0, 0, 4, 5, 1f, 0f, 0).check(random);
      new Product((t & 1) != 0, (t & 2) != 0, 4, 0, 5, 1f, 0f, 0).check(random);
      new Product((t & 1) != 0, (t & 2) != 0, 4, 5, 0, 1f, 0f, 0).check(random);
      new Product((t & 1) != 0, (t & 2) != 0, 4, 5, 0, 1f, 2f, 0).check(random);
    }
  }

  @Test
  void severalThreadsAtOnce() throws InterruptedException {
    List<Throwable> failures = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int t = 0; t < 6; t++) {
      Random random = new Random(t);
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      for (int i = 0; i < 40; i++) {
                        int m = 1 + random.nextInt(150);
                        int n = 1 + random.nextInt(150);
                        int k = 1 + random.nextInt(300);
                        new Product(
                                random.nextBoolean(), random.nextBoolean(), m, n, k, 1f, i % 2, 0)
                            .check(random);
                      }
                    } catch (Throwable e) {
                      synchronized (failures) {
                        failures.add(e);
                      }
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }

  @Test
  void badSizesAreNamed() {
    assertThatThrownBy(() -> Blas.gemm(false, true, 2, 3, 4, 1f, 0, 4, 0, 3, 0f, 0, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("no product of 2 x 4 and 4 x 3, second transposed, with rows 4, 3 and 3 apart");
    assertThatThrownBy(() -> Blas.gemm(false, false, -1, 3, 4, 1f, 0, 4, 0, 3, 0f, 0, 3))
        .hasMessageStartingWith("no product of -1 x 4");
  }

  @Test
  void aCallAllocatesNothing() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    try (Floats memory = new Floats()) {
      long a = memory.room(64, 0);
      Product product = new Product(false, true, 8, 8, 8, 1f, 0f, 0);
      for (int i = 0; i < 20_000; i++) {
        product.run(a, a, a);
      }
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 10_000; i++) {
        product.run(a, a, a);
      }
      assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(10_000);
    }
  }
}
