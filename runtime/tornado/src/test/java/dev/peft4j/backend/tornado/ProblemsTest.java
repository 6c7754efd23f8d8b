package dev.peft4j.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import uk.ac.manchester.tornado.api.exceptions.TornadoBailoutRuntimeException;
import uk.ac.manchester.tornado.api.exceptions.TornadoOutOfMemoryException;

class ProblemsTest {
  private static RuntimeException explained(RuntimeException e) {
    return Problems.explain(e, task -> "softmax (2, 3)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"CL_DEVICE_NOT_AVAILABLE", "CL_INVALID_COMMAND_QUEUE"})
  void aLostDeviceIsNamedAsSuch(String code) {
    RuntimeException e = new TornadoBailoutRuntimeException("clFinish (-2): " + code);
    assertThat(explained(new IllegalStateException("failed", e)))
        .isInstanceOf(DeviceException.class)
        .hasMessageStartingWith("the device is lost: its driver answers " + code)
        .hasMessageContaining("last checkpoint")
        .hasRootCause(e);
  }

  @Test
  void memoryOfTheDevice() {
    assertThat(explained(new TornadoOutOfMemoryException("too much")))
        .isInstanceOf(DeviceMemoryException.class)
        .hasMessage("the device is out of memory: too much");
  }

  @ParameterizedTest
  @ValueSource(strings = {"CL_MEM_OBJECT_ALLOCATION_FAILURE", "CUDA_ERROR_OUT_OF_MEMORY"})
  void memoryAsDriversSayIt(String code) {
    RuntimeException e = new TornadoBailoutRuntimeException("launch failed: " + code);
    assertThat(explained(new IllegalStateException("failed", e)))
        .isInstanceOf(DeviceMemoryException.class)
        .hasMessage("the device is out of memory: its driver answers " + code);
  }

  @Test
  void aKernelThatDoesNotCompileIsNamedByWhatItComputes() {
    RuntimeException e = new IllegalStateException("Unable to compile p.k3_1 - peftSoftmax");
    assertThat(explained(new IllegalStateException(e.getMessage(), e)))
        .hasMessageStartingWith("TornadoVM could not compile the kernel of softmax (2, 3): ");
  }

  @Test
  void whateverElse() {
    assertThat(explained(new IllegalStateException("\u001B[31mred\u001B[0m")))
        .hasMessage("TornadoVM failed on the device: IllegalStateException: red");
  }
}
