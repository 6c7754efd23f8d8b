package dev.peft4j.backend.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.constant.ClassDesc;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/** Classes of generated kernels are defined once, and unloaded when nothing uses them. */
class GeneratedKernelsTest {
  private static final ClassDesc ARRAY = FloatArray.class.describeConstable().orElseThrow();

  /** A kernel that writes its number. */
  private record Numbered(int number) implements GeneratedKernel {
    @Override
    public Object define() {
      KernelWriter w = new KernelWriter("peftNumbered" + number);
      int out = w.buffer(FloatArray.class);
      return w.define(
          code ->
              code.aload(out)
                  .iconst_0()
                  .loadConstant((float) number)
                  .invokevirtual(ARRAY, "set", KernelWriter.SET));
    }
  }

  private static String resource(int number) {
    return "dev/peft4j/backend/tornado/kernel/PeftNumbered" + number + ".class";
  }

  private final GeneratedKernels kernels = new GeneratedKernels(4);

  @Test
  void whatIsUsedIsDefinedOnce() {
    List<Object> used = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      used.add(kernels.get(new Numbered(i)));
    }
    collect();
    for (int i = 0; i < 12; i++) {
      assertThat(kernels.get(new Numbered(i))).isSameAs(used.get(i));
    }
    assertThat(kernels.size()).isEqualTo(12);
  }

  @Test
  void whatIsNotUsedIsUnloaded() throws Exception {
    List<WeakReference<Class<?>>> classes = new ArrayList<>();
    for (int i = 100; i < 120; i++) {
      classes.add(run(i));
    }
    long end = System.nanoTime() + 30_000_000_000L;
    while (System.nanoTime() < end && classes.stream().filter(c -> c.get() != null).count() > 4) {
      collect();
    }
    assertThat(classes.stream().map(c -> c.get() != null)).startsWith(false, false, false);
    assertThat(classes.stream().filter(c -> c.get() != null)).hasSize(4);
    assertThat(kernels.size()).isEqualTo(4);
    KernelClassLoader loader = KernelClassLoader.current();
    assertThat(loader.getResourceAsStream(resource(100))).isNull();
    assertThat(loader.getResourceAsStream(resource(119))).isNotNull();
    run(100); // again
    assertThat(loader.getResourceAsStream(resource(100))).isNotNull();
  }

  /** Runs a kernel on the device and returns its class. */
  private WeakReference<Class<?>> run(int number) {
    Object code = kernels.get(new Numbered(number));
    FloatArray out = new FloatArray(1);
    OnDevice.run(
        List.of(new KernelCall(code, List.of(KernelCall.CONTEXT, out), new WorkerGrid1D(1))), out);
    assertThat(out.get(0)).isEqualTo(number);
    return new WeakReference<>(code.getClass());
  }

  private static void collect() {
    System.gc();
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
