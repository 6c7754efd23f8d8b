package dev.peft4j.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * No vector may become an object once HotSpot has compiled a loop: it would be ten times slower. In
 * a Java of its own, since the coverage agent changes what HotSpot inlines.
 */
@Timeout(300)
class AllocationTest {
  private interface Kernel {
    void run(int n);
  }

  static final class Main {
    public static void main(String[] args) {
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      for (Map.Entry<String, Kernel> kernel : kernels(new VectorLoops(0)).entrySet()) {
        for (int n : new int[] {512, 100}) {
          long bytes = Long.MAX_VALUE;
          for (int round = 0; round < 60 && bytes > 2000; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
              kernel.getValue().run(n);
            }
            bytes = threads.getCurrentThreadAllocatedBytes() - before;
          }
          if (bytes > 2000) {
            System.out.println(
                kernel.getKey() + " of " + n + ": " + bytes / 1000 + " bytes a call");
          }
        }
      }
      System.out.println("done");
    }

    private static Map<String, Kernel> kernels(Loops loops) {
      Floats memory = new Floats();
      Random random = new Random(1);
      long a = memory.of(Floats.random(random, 600, 1));
      long b = memory.of(Floats.random(random, 600, 1));
      long c = memory.of(Floats.random(random, 600, 1));
      long d = memory.room(600, 0);
      Map<String, Kernel> kernels = new LinkedHashMap<>();
      for (int op :
          new int[] {Loops.EXP, Loops.LOG, Loops.TANH, Loops.SIGMOID, Loops.ERF, Loops.FLOOR}) {
        kernels.put("unary " + op, n -> loops.unary(op, a, d, n));
      }
      kernels.put("add", n -> loops.binary(Loops.ADD, a, b, d, n));
      kernels.put("greater", n -> loops.binary(Loops.GT, a, b, d, n));
      kernels.put("select", n -> loops.select(a, b, c, d, n));
      kernels.put("gelu", n -> loops.gelu(a, d, n));
      kernels.put("geluGrad", n -> loops.geluGrad(a, b, d, n));
      kernels.put("softmax", n -> loops.softmaxRow(a, d, n));
      kernels.put("logSumExp", n -> loops.logSumExpRow(a, 0f, n));
      kernels.put("layerNorm", n -> loops.layerNormRow(a, b, c, d, n, 1e-5f));
      kernels.put("layerNormGrad", n -> loops.layerNormGradRow(a, b, c, d, n, 1e-5f));
      return kernels;
    }
  }

  @Test
  void noVectorIsAnObject() throws Exception {
    assertThat(
            FlagsTest.run(
                Main.class,
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-XX:-BackgroundCompilation"))
        .filteredOn(line -> !line.startsWith("WARNING: Using incubator"))
        .containsExactly("done");
  }
}
