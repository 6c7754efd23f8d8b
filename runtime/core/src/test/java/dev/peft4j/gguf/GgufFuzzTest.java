package dev.peft4j.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.fuzz.Attack;
import dev.peft4j.fuzz.Fuzz;
import dev.peft4j.fuzz.Mutation;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever the bytes are, opening a file gives tensors or a FileFormatException, nothing else. */
class GgufFuzzTest {
  /** Numbers that tempt a reader to allocate or to add them to something. */
  private static final long[] NUMBERS = {
    0, 1, 3, 31, 33, 255, 65_535, 1L << 31, (1L << 32) - 1, 1L << 32, 1L << 62, -1, Long.MIN_VALUE
  };

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"types", "v3", "big-endian"})
  void mutatedFilesGiveTensorsOrARefusal(String name) throws Exception {
    byte[] good = Files.readAllBytes(GgufFiles.resource(name + ".gguf"));
    byte[] header = name.equals("types") ? good : Arrays.copyOf(good, 4000);
    Mutation mutation = new Mutation(7);
    Path file = folder.resolve("f.gguf");
    Files.write(file, good);
    int rounds = Attack.rounds(7000);
    int taken =
        new Fuzz(folder, FileFormatException.class)
            .run(
                rounds,
                file,
                round -> mutate(round % 2 == 0 ? header : good, mutation),
                () -> readAll(file));
    assertThat(taken).isBetween(rounds / 100, rounds * 9 / 10);
  }

  private static byte[] mutate(byte[] good, Mutation mutation) {
    Random random = mutation.random();
    if (random.nextInt(2) == 0) {
      return mutation.bytes(good);
    }
    byte[] out = good.clone();
    long number = NUMBERS[random.nextInt(NUMBERS.length)];
    int size = random.nextBoolean() ? 8 : 4;
    int at = random.nextInt(Math.min(out.length, 3000) - size);
    for (int i = 0; i < size; i++) {
      out[at + i] = (byte) (number >> 8 * i);
    }
    return out;
  }

  private static void readAll(Path file) throws IOException {
    GgufFile read = GgufFile.open(file);
    for (GgufTensor t : read.tensors().values()) {
      assertThat(read.storage(t.name()).toFloats()).hasSize(t.shape().size());
    }
    for (GgufValue v : read.metadata().values().values()) {
      assertThat(v.describe()).isNotEmpty();
    }
  }
}
