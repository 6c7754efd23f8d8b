package dev.peft4j.backend.tornado.bench;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.cpu.CpuBackend;
import dev.peft4j.backend.tornado.product.MatrixProduct;
import dev.peft4j.backend.tornado.product.ProductShape;
import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.op.MatMul;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import uk.ac.manchester.tornado.api.GridScheduler;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.DataTransferMode;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * Times {@code x · wᵀ} for a frozen w on TornadoVM's default device, in CLBlast on the same device,
 * and in OpenBLAS as the CPU backend uses it: in turns, in one process, by the wall, without moving
 * data. Prints one JSON line with the median of each.
 *
 * <p>Arguments, all or none: rows of x, rows of w, their length.
 */
public final class ProductBench {
  private static final int ROUNDS = 40;
  private static final int WARM_UP = 10;

  private final int m;
  private final int n;
  private final int k;
  private final FloatArray x;
  private final FloatArray w;

  private ProductBench(int m, int n, int k) {
    this.m = m;
    this.n = n;
    this.k = k;
    Random random = new Random(1);
    this.x = normal(random, m * k);
    this.w = normal(random, n * k);
  }

  /** Runs it. */
  public static void main(String[] args) {
    int[] sizes = {1024, 1536, 576};
    if (args.length == sizes.length) {
      sizes = Arrays.stream(args).mapToInt(Integer::parseInt).toArray();
    } else if (args.length != 0) {
      throw new IllegalArgumentException("usage: ProductBench [m n k]; found " + args.length);
    }
    System.out.println(new ProductBench(sizes[0], sizes[1], sizes[2]).run());
  }

  private String run() {
    TornadoDevice device = TornadoRuntimeProvider.getTornadoRuntime().getDefaultDevice();
    MatrixProduct products = MatrixProduct.forDevice(device.getDeviceType());
    ProductShape shape = ProductShape.of(m, n, k, false, true);
    FloatArray packed = new FloatArray(Math.max(1, products.packedSize(shape, true)));
    boolean packs = packed.getSize() > 1;
    FloatArray y = new FloatArray(m * n);
    GridScheduler grids = new GridScheduler();
    TaskGraph prepare = new TaskGraph("prepare");
    prepare.transferToDevice(DataTransferMode.FIRST_EXECUTION, x, w, packed, y);
    if (packs) {
      products.pack(shape, w, packed).addTo(prepare, grids, "pack");
    }
    products
        .multiply(shape, x, packs ? packed : w, packs, null, y, false)
        .addTo(prepare, grids, "first");
    prepare.persistOnDevice(x, w, packed, y);
    TaskGraph step = new TaskGraph("step");
    step.consumeFromDevice("prepare", x, w, packed, y);
    products
        .multiply(shape, x, packs ? packed : w, packs, null, y, false)
        .addTo(step, grids, "multiply");
    step.transferToHost(DataTransferMode.UNDER_DEMAND, y);

    Storage c = Storage.allocate(DType.FLOAT32, (long) m * n);
    Storage[] inputs = {storage(x), storage(w)};
    Backend.Executable openBlas = openBlas(inputs);
    double[][] seconds = new double[3][ROUNDS];
    try (TornadoExecutionPlan plan = new TornadoExecutionPlan(prepare.snapshot(), step.snapshot());
        ClBlast clBlast = new ClBlast(0, m, n, k, inputs[0].segment(), inputs[1].segment())) {
      plan.withGraph(0).withGridScheduler(grids).execute();
      var onDevice = plan.withGraph(1).withGridScheduler(grids);
      for (int i = -WARM_UP; i < ROUNDS; i++) {
        double tornado = time(onDevice::execute);
        double cl = time(clBlast::multiply);
        double cpu = time(() -> openBlas.run(inputs, new Storage[] {c}, () -> {}));
        if (i >= 0) {
          seconds[0][i] = tornado;
          seconds[1][i] = cl;
          seconds[2][i] = cpu;
        }
      }
      onDevice.execute().transferToHost(y);
      for (int i = 0; i < m * n; i += 997) {
        same("CLBlast", clBlast.result(i), c.floatAt(i));
        same("TornadoVM", y.get(i), c.floatAt(i));
      }
    } catch (TornadoExecutionPlanException e) {
      throw new IllegalStateException(e);
    }
    double[] gflops = new double[3];
    for (int i = 0; i < 3; i++) {
      Arrays.sort(seconds[i]);
      gflops[i] = 2e-9 * m * n * k / seconds[i][ROUNDS / 2];
    }
    return String.format(
        Locale.ROOT,
        "{\"product\": \"%dx%dx%d\", \"device\": \"%s\", \"tornado_gflops\": %.1f,"
            + " \"clblast_gflops\": %.1f, \"openblas_gflops\": %.1f, \"times_clblast\": %.2f,"
            + " \"of_openblas\": %.2f}",
        m,
        n,
        k,
        device.getDeviceName(),
        gflops[0],
        gflops[1],
        gflops[2],
        gflops[0] / gflops[1],
        gflops[0] / gflops[2]);
  }

  private Backend.Executable openBlas(Storage[] inputs) {
    Node product =
        MatMul.of(
            Node.data(inputs[0], Shape.of(m, k)),
            false,
            Node.data(inputs[1], Shape.of(n, k)),
            true);
    CpuBackend backend = new CpuBackend();
    return backend.compile(Engine.program(backend, List.of(product)));
  }

  private static double time(Runnable work) {
    long start = System.nanoTime();
    work.run();
    return (System.nanoTime() - start) / 1e9;
  }

  private void same(String what, float actual, float expected) {
    if (!(Math.abs(actual - expected) <= 1e-5 * k)) {
      throw new IllegalStateException(what + " computed " + actual + " instead of " + expected);
    }
  }

  private static FloatArray normal(Random random, int n) {
    FloatArray a = new FloatArray(n);
    for (int i = 0; i < n; i++) {
      a.set(i, (float) random.nextGaussian());
    }
    return a;
  }

  private static Storage storage(FloatArray a) {
    return Storage.of(a.toHeapArray());
  }
}
