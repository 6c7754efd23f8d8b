package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Headers and settings of megabytes: memory and time are a small multiple of their size. */
class HugeHeaderTest {
  private static final int SIZE = 4 << 20;

  @TempDir Path folder;

  private Path header(String start, String again, String end) throws IOException {
    StringBuilder out = new StringBuilder(SIZE + 1000).append(start);
    while (out.length() < SIZE) {
      out.append(again);
    }
    byte[] bytes = out.append(end).toString().getBytes(StandardCharsets.UTF_8);
    return Files.write(folder.resolve("a.safetensors"), TestFiles.safetensors(bytes, 0));
  }

  private static long allocated(ThrowingCallable reading) throws Throwable {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    reading.call();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  /** Refused with the file's name, by little memory for so large a file. */
  private static void refused(Path file, int times, ThrowingCallable reading) throws Throwable {
    long bytes =
        allocated(
            () ->
                assertThatThrownBy(reading)
                    .isInstanceOf(FileFormatException.class)
                    .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(2000))
                    .hasMessageContaining(file.toString()));
    assertThat(bytes).isLessThan((long) times * SIZE);
  }

  @Test
  void oddHeadersAreRefusedAtOnce() throws Throwable {
    String[][] odd = {
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[", "1,", "1],\"data_offsets\":[0,4]}}"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[", "0,", "0],\"data_offsets\":[0,0]}}"},
      {"{\"", "name", "\":3}"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[", "9", "],\"data_offsets\":[0,0]}}"},
      {"{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,", "1", "]}}"},
      {"{\"a\":{\"dtype\":\"", "F", "\",\"shape\":[0],\"data_offsets\":[0,0]}}"},
      {"{\"a\":", "[", ""},
      {"{\"a\":{\"", "b", "\":1}}"},
      {"{\"__metadata__\":{\"a\":\"", "text", "\"},\"__metadata__\":{}}"},
      {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[", "0,", "0]}}"},
    };
    for (String[] o : odd) {
      Path file = header(o[0], o[1], o[2]);
      refused(file, 30, () -> SafeTensors.open(file));
    }
  }

  @Test
  void manyTensorsTakeMemoryByTheirNumber() throws Throwable {
    StringBuilder out = new StringBuilder("{");
    int count = 100_000;
    for (int i = 0; i < count; i++) {
      out.append(i == 0 ? "" : ",")
          .append('"')
          .append(i)
          .append("\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}");
    }
    byte[] bytes = out.append('}').toString().getBytes(StandardCharsets.UTF_8);
    Path file = Files.write(folder.resolve("a.safetensors"), TestFiles.safetensors(bytes, 0));
    long used = allocated(() -> assertThat(SafeTensors.open(file).names()).hasSize(count));
    assertThat(used / count).isLessThan(1500);
  }

  @Test
  void hugeSettingsAreRefusedOrTakeAMultipleOfTheirSize() throws Throwable {
    Path file = folder.resolve("adapter_config.json");
    for (String[] o :
        new String[][] {
          {"{\"a\":[", "[],", "[]]}"}, {"{\"a\":[", "{},", "{}]}"}, {"{\"a\":[", "0,", "0]}"},
        }) {
      StringBuilder out = new StringBuilder(2 * SIZE).append(o[0]);
      while (out.length() < 2 * SIZE) {
        out.append(o[1]);
      }
      Files.writeString(file, out.append(o[2]));
      refused(file, 80, () -> PythonJson.read(file));
    }
    for (String[] o :
        new String[][] {{"{\"a\":", "[", ""}, {"{\"a\":", "7", "}"}, {"{\"", "a", "\":1 1}"}}) {
      StringBuilder out = new StringBuilder(2 * SIZE).append(o[0]);
      while (out.length() < 2 * SIZE) {
        out.append(o[1]);
      }
      Files.writeString(file, out.append(o[2]));
      refused(file, 20, () -> PythonJson.read(file));
    }
  }
}
