package dev.peft4j.backend.tornado.kernel;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.List;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

class KernelWriterTest {
  /** Nothing runs in Java instead, and the reason is TornadoVM's. */
  @Test
  void kernelThatDoesNotCompileFails() {
    KernelWriter w = new KernelWriter("peftTestThatDoesNotCompile");
    int array = w.buffer(FloatArray.class);
    Object code =
        w.define(
            b -> {
              b.aload(array).iconst_0();
              // no device has it
              b.invokestatic(
                      ClassDesc.of("java.lang.System"),
                      "nanoTime",
                      MethodTypeDesc.of(ConstantDescs.CD_long))
                  .l2f();
              b.invokevirtual(
                  FloatArray.class.describeConstable().orElseThrow(), "set", KernelWriter.SET);
            });
    FloatArray x = new FloatArray(1);
    KernelCall call = new KernelCall(code, List.of(KernelCall.CONTEXT, x), new WorkerGrid1D(1));
    assertThatThrownBy(() -> OnDevice.run(List.of(call), x)).hasMessageContaining("nanoTime");
  }

  @Test
  void callsWithOtherArgumentsThanTheCodeTakesAreRefused() {
    KernelWriter w = new KernelWriter("peftTestOfOneNumber");
    w.buffer(FloatArray.class);
    Object code = w.define(b -> {});
    FloatArray x = new FloatArray(1);
    KernelCall call = new KernelCall(code, List.of(KernelCall.CONTEXT, x, 3f), new WorkerGrid1D(1));
    assertThatThrownBy(() -> OnDevice.run(List.of(call), x))
        .hasMessageContaining("task0")
        .hasMessageContaining("4 arguments");
  }

  @Test
  void oneBufferTwiceIsRefused() {
    KernelWriter w = new KernelWriter("peftTestOfTwoBuffers");
    w.buffer(FloatArray.class);
    w.buffer(FloatArray.class);
    Object code = w.define(b -> {});
    FloatArray x = new FloatArray(1);
    KernelCall call = new KernelCall(code, List.of(KernelCall.CONTEXT, x, x), new WorkerGrid1D(1));
    assertThatThrownBy(() -> OnDevice.run(List.of(call), x))
        .hasMessageContaining("task0")
        .hasMessageContaining("twice");
  }
}
