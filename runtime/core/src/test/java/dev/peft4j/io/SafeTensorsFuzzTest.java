package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.fuzz.Attack;
import dev.peft4j.fuzz.Fuzz;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the bytes are, opening a file gives tensors or an IOException, nothing else. */
class SafeTensorsFuzzTest {
  private static final String[] TOKENS = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "0",
    "-1",
    "1e9",
    "4294967296",
    "null",
    "true",
    "NaN",
    "\"dtype\"",
    "\"shape\"",
    "\"data_offsets\"",
    "\"F32\"",
    "\"U64\"",
    "\"__metadata__\"",
    "[0,4]",
    "\\u0000",
    "\\ud800",
    "ü",
    " ",
    "\n",
    "\0",
    "[[[[[[[[[",
    "99999999999999999999999"
  };

  @TempDir Path folder;

  @Test
  void mutatedFilesGiveTensorsOrAnIoException() throws Exception {
    byte[] good = Files.readAllBytes(TestFiles.resource("types.safetensors"));
    int length = (int) ByteBuffer.wrap(good).order(ByteOrder.LITTLE_ENDIAN).getLong();
    Random random = new Random(42);
    Path file = folder.resolve("f");
    Files.write(file, good);
    int opened =
        new Fuzz(folder, FileFormatException.class)
            .run(
                Attack.rounds(20_000),
                file,
                round -> mutate(good, length, random),
                () -> readAll(file));
    // Bytes of the data and of names may change freely, so some files must still open.
    assertThat(opened).isBetween(Attack.rounds(200), Attack.rounds(15_000));
  }

  private static void readAll(Path file) throws IOException {
    SafeTensors read;
    try {
      read = SafeTensors.open(file);
    } catch (FileFormatException e) {
      assertThat(e.getMessage()).startsWith(file + ": ");
      throw e;
    }
    for (String name : read.names()) {
      try {
        assertThat(read.storage(name).elements()).isEqualTo(read.info(name).shape().elements());
      } catch (FileFormatException _) {
        // A type that cannot be read, or a value that does not fit.
      }
    }
    try {
      read.checkFinite();
    } catch (FileFormatException e) {
      assertThat(e.getMessage()).contains("must be finite");
    }
  }

  private static byte[] mutate(byte[] good, int header, Random random) {
    byte[] out = good.clone();
    switch (random.nextInt(5)) {
      case 0 -> {
        for (int i = random.nextInt(3); i >= 0; i--) {
          out[random.nextInt(out.length)] = (byte) random.nextInt(256);
        }
      }
      case 1 -> out = Arrays.copyOf(out, random.nextInt(out.length + 50));
      case 2 -> out[8 + random.nextInt(header)] ^= (byte) (1 << random.nextInt(8));
      case 3 -> out[random.nextInt(8)] = (byte) random.nextInt(256);
      default -> {
        String text = new String(good, 8, header, StandardCharsets.UTF_8);
        for (int i = random.nextInt(2); i >= 0; i--) {
          int from = random.nextInt(text.length());
          int to = Math.min(text.length(), from + random.nextInt(12));
          text =
              text.substring(0, from) + TOKENS[random.nextInt(TOKENS.length)] + text.substring(to);
        }
        byte[] changed = text.getBytes(StandardCharsets.UTF_8);
        out =
            ByteBuffer.allocate(8 + changed.length + good.length - 8 - header)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(changed.length)
                .put(changed)
                .put(good, 8 + header, good.length - 8 - header)
                .array();
      }
    }
    return out;
  }

  @Test
  void whatIsWrittenIsReadAgain() throws Exception {
    Random random = new Random(7);
    Path file = folder.resolve("f");
    for (int round = 0; round < 300; round++) {
      SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
      for (int i = random.nextInt(8); i > 0; i--) {
        tensors.put(name(random), tensor(random));
      }
      Map<String, String> metadata = new LinkedHashMap<>();
      for (int i = random.nextInt(3); i > 0; i--) {
        metadata.put(name(random), name(random));
      }
      SafeTensors.write(file, tensors, metadata);
      SafeTensors read = SafeTensors.open(file);
      assertThat(read.metadata()).containsExactlyEntriesOf(metadata);
      assertThat(read.names()).containsExactlyInAnyOrderElementsOf(tensors.keySet());
      for (Map.Entry<String, StoredTensor> e : tensors.entrySet()) {
        StoredTensor back = read.tensor(e.getKey());
        Storage was = e.getValue().storage();
        assertThat(back.shape()).isEqualTo(e.getValue().shape());
        assertThat(back.storage().dtype()).isEqualTo(was.dtype());
        long bytes = was.elements() * was.dtype().bytes();
        assertThat(back.storage().segment().mismatch(was.segment().asSlice(0, bytes)))
            .isEqualTo(-1);
      }
    }
    assertThat(TestFiles.listing(folder)).containsExactly("f");
  }

  private static String name(Random random) {
    StringBuilder out = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      int c = random.nextInt(4) == 0 ? random.nextInt(0x110000) : random.nextInt(128);
      if (c < 0xd800 || c > 0xdfff) {
        out.appendCodePoint(c);
      }
    }
    return out.toString();
  }

  private static StoredTensor tensor(Random random) {
    int[] dims = random.ints(random.nextInt(4), 0, 5).toArray();
    Shape shape = Shape.of(dims);
    DType dtype = DType.values()[random.nextInt(3)];
    Storage s = Storage.allocate(dtype, shape.elements());
    for (long i = 0; i < shape.elements() * dtype.bytes(); i++) {
      s.segment().set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
    }
    return new StoredTensor(shape, s);
  }
}
