package dev.peft4j.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Float64;
import dev.peft4j.data.Q4_0;
import dev.peft4j.data.Q8_0;
import dev.peft4j.data.RandomCodes;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.SafeTensors;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GgufFileTest {
  /** Forged files whose fault is in the model that the header describes, not in the header. */
  private static final Set<String> ONLY_THE_MODEL_IS_WRONG =
      Set.of(
          "architecture-unknown",
          "model-good",
          "model-tensor-missing",
          "model-key-missing",
          "model-heads-0",
          "model-heads-7",
          "model-blocks-huge",
          "model-blocks-2",
          "model-width-64",
          "model-key-type",
          "model-eps-nan",
          "model-tokens-short",
          "model-tokens-twice",
          "model-bos-range",
          "model-tokenizer-unknown",
          "name-long");

  @TempDir Path folder;

  @Test
  void everyTypeIsReadAsTheGgufPackageReadsIt() throws IOException {
    GgufFile file = GgufFile.open(GgufFiles.resource("types.gguf"));
    SafeTensors expected = SafeTensors.open(GgufFiles.resource("types-expected.safetensors"));
    assertThat(file.tensors()).hasSizeGreaterThan(35);
    for (GgufTensor t : file.tensors().values()) {
      Storage found = file.storage(t.name());
      assertThat(t.name()).startsWith(t.encoding().ggufName() + ".");
      assertThat(found.segment().isReadOnly()).isTrue();
      Storage wanted = expected.storage(t.name());
      if (wanted.dtype().isInteger()) {
        assertThat(found.toLongs()).as(t.name()).isEqualTo(wanted.toLongs());
      } else {
        assertThat(found.toFloats()).as(t.name()).isEqualTo(wanted.toFloats());
      }
      if (expected.contains(t.name() + ".source")) {
        assertThat(t.encoding().encodes()).as(t.name()).isTrue();
        Storage encoded = expected.storage(t.name() + ".source").copyAs(t.encoding());
        assertThat(encoded.equalBytes(found)).as(t.name() + " encoded").isTrue();
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "v3,3,LITTLE",
    "v2,2,LITTLE",
    "big-endian,3,BIG",
    "align64,3,LITTLE",
    "empty,3,LITTLE"
  })
  void versionsAndByteOrdersAreTold(String name, int version, String order) throws IOException {
    GgufFile file = GgufFile.open(GgufFiles.resource(name + ".gguf"));
    assertThat(file.version()).isEqualTo(version);
    assertThat(file.byteOrder())
        .isEqualTo(order.equals("BIG") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    GgufMetadata m = file.metadata();
    assertThat(m.string("general.architecture")).isEqualTo("test");
    assertThat(m.integer("t.i32")).isEqualTo(Integer.MIN_VALUE);
    assertThat(m.number("t.f64")).isEqualTo(0.1);
    assertThat(m.number("t.u8")).isEqualTo(255);
    assertThat(m.bool("t.true", false)).isTrue();
    assertThat(m.strings("t.array.string")).containsExactly("", "a", "▁the", "🙂", "<0x0A>");
    assertThat(m.numbers("t.array.many")).hasSize(3000).endsWith(2999);
    assertThat(m.integer("absent", 7)).isEqualTo(7);
    assertThat(m.string("absent", "x")).isEqualTo("x");
    assertThat(m.number("absent", 0.5)).isEqualTo(0.5);
    assertThat(file.tensors().keySet())
        .isEqualTo(name.equals("empty") ? Set.of() : Set.of("a.weight", "b.weight"));
    if (!name.equals("empty")) {
      assertThat(file.shape("a.weight")).isEqualTo(Shape.of(3, 5));
      GgufFile v3 = GgufFile.open(GgufFiles.resource("v3.gguf"));
      for (String tensor : List.of("a.weight", "b.weight")) {
        assertThat(file.storage(tensor).toFloats()).isEqualTo(v3.storage(tensor).toFloats());
      }
    }
    assertThatThrownBy(() -> m.string("t.u8"))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("'t.u8' is uint8 255, expected a string");
    assertThatThrownBy(() -> m.integer("t.string")).hasMessageContaining("expected a whole number");
    assertThatThrownBy(() -> m.number("none")).hasMessageContaining("no metadata entry 'none'");
    assertThatThrownBy(() -> m.strings("t.array.many"))
        .hasMessageContaining("an array of 3000 int32, expected an array of strings");
    assertThatThrownBy(() -> file.storage("c.weight"))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("no tensor 'c.weight'");
  }

  @Test
  void aForgedFileIsRefusedByName() throws IOException {
    Map<String, byte[]> files = GgufFiles.malformed();
    assertThat(files).hasSize(99);
    Path file = folder.resolve("forged.gguf");
    for (Map.Entry<String, byte[]> e : files.entrySet()) {
      String name = e.getKey().replace(".gguf", "");
      if (!e.getKey().endsWith(".gguf")) {
        continue;
      }
      Files.write(file, e.getValue());
      if (ONLY_THE_MODEL_IS_WRONG.contains(name)) {
        assertThatCode(() -> GgufFile.open(file)).as(name).doesNotThrowAnyException();
      } else {
        assertThatThrownBy(() -> GgufFile.open(file))
            .as(name)
            .isInstanceOf(FileFormatException.class)
            .hasMessageStartingWith(file + ": ");
      }
    }
  }

  @Test
  void whatIsWrittenIsReadAgain() throws IOException {
    Path file = folder.resolve("m.gguf");
    GgufWriter writer =
        new GgufWriter("llama")
            .put("a", GgufValue.uint32(0xffff_ffffL))
            .put("b", GgufValue.float32(0.1f))
            .put("c", GgufValue.of(true))
            .put("d", GgufValue.strings(List.of("x", "é")))
            .put("e", GgufValue.int32s(List.of(-1, 2)))
            .put("f", GgufValue.float32s(List.of(0.5f)))
            .put("g", new GgufValue(GgufValueType.UINT16, 65535L))
            .put("h", new GgufValue(GgufValueType.INT64, Long.MIN_VALUE))
            .put("i", new GgufValue(GgufValueType.FLOAT64, 0.1));
    for (Encoding e : RandomCodes.encodings()) {
      if (e.ggufType() >= 0 && !e.dtype().isInteger()) {
        Shape shape = Shape.of(3, e.blockValues());
        writer.tensor(e.name(), shape, RandomCodes.of(e, shape.size()));
      }
    }
    writer.tensor("late", Shape.of(2, 32), new Q8_0(), () -> RandomCodes.of(new Q8_0(), 64));
    writer.write(file);
    GgufFile read = GgufFile.open(file);
    assertThat(read.metadata().values())
        .containsKeys("general.architecture", "a", "b", "c", "d", "e", "f", "g", "h", "i");
    assertThat(read.metadata().integer("a")).isEqualTo(0xffff_ffffL);
    assertThat(read.metadata().number("b")).isEqualTo(0.1f);
    assertThat(read.metadata().strings("d")).containsExactly("x", "é");
    assertThat(read.metadata().numbers("e")).containsExactly(-1, 2);
    assertThat(read.metadata().integer("h")).isEqualTo(Long.MIN_VALUE);
    assertThat(read.tensors().keySet()).containsExactlyElementsOf(writer.names());
    for (GgufTensor t : read.tensors().values()) {
      if (!t.name().equals("late")) {
        Encoding e = Encodings.named(t.name());
        assertThat(t.encoding()).isEqualTo(e);
        assertThat(read.storage(t.name()).equalBytes(RandomCodes.of(e, t.shape().size()))).isTrue();
      }
    }
    assertThatThrownBy(() -> writer.tensor("late", Shape.of(1), Storage.of(1f)))
        .hasMessageContaining("'late' already");
    assertThatThrownBy(() -> writer.tensor("n", Shape.of(64), RandomCodes.of(new Q8_0(), 32)))
        .hasMessageContaining("32 numbers");
    assertThatThrownBy(
            () -> writer.tensor("n", Shape.of(64), RandomCodes.of(Encodings.named("NF4"), 64)))
        .hasMessageContaining("NF4");
    assertThatThrownBy(() -> writer.put("general.alignment", GgufValue.uint32(1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** In a file of the other order each number is swapped, scales of blocks too. */
  @Test
  void codesAreReadFromTheOtherByteOrder() throws IOException {
    for (Encoding e : List.of(Encodings.BFLOAT16, new Float64(), new Q8_0(), new Q4_0())) {
      Shape shape = Shape.of(2, e.blockValues());
      Storage numbers = RandomCodes.of(e, shape.size());
      Path file = folder.resolve("big.gguf");
      Files.write(file, bigEndian(numbers, shape));
      GgufFile read = GgufFile.open(file);
      assertThat(read.byteOrder()).isEqualTo(ByteOrder.BIG_ENDIAN);
      assertThat(read.storage("w").toFloats()).isEqualTo(numbers.toFloats());
    }
    Encoding unknown = Encodings.named("IQ2_XS");
    Path file = folder.resolve("big.gguf");
    Files.write(file, bigEndian(RandomCodes.of(unknown, 256), Shape.of(256)));
    GgufFile read = GgufFile.open(file);
    assertThatThrownBy(() -> read.storage("w"))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("IQ2_XS")
        .hasMessageContaining("big-endian");
  }

  private static byte[] bigEndian(Storage numbers, Shape shape) {
    var b = java.nio.ByteBuffer.allocate(4096).order(ByteOrder.BIG_ENDIAN);
    b.put("GGUF".getBytes(java.nio.charset.StandardCharsets.US_ASCII)).putInt(3);
    b.putLong(1).putLong(1);
    text(b, "general.architecture").putInt(8);
    text(b, "test");
    text(b, "w").putInt(shape.rank());
    for (int d = shape.rank() - 1; d >= 0; d--) {
      b.putLong(shape.dim(d));
    }
    b.putInt(numbers.encoding().ggufType()).putLong(0);
    b.position((b.position() + 31) / 32 * 32);
    Storage copy = numbers.copy();
    int[] fields = numbers.encoding().wideFields();
    if (fields != null) {
      ByteSwap.swap(copy.segment(), numbers.encoding().blockBytes(), fields);
    }
    byte[] bytes = new byte[(int) copy.bytes()];
    MemorySegment.ofArray(bytes).copyFrom(copy.segment().asSlice(0, bytes.length));
    b.put(bytes);
    return java.util.Arrays.copyOf(b.array(), b.position());
  }

  private static java.nio.ByteBuffer text(java.nio.ByteBuffer b, String s) {
    return b.putLong(s.length()).put(s.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
  }

  private Path part(int number, int count, int total) throws IOException {
    Path file = folder.resolve(String.format("m-%05d-of-%05d.gguf", number + 1, 3));
    new GgufWriter("llama")
        .put("split.no", new GgufValue(GgufValueType.UINT16, (long) number))
        .put("split.count", new GgufValue(GgufValueType.UINT16, (long) count))
        .put("split.tensors.count", new GgufValue(GgufValueType.INT32, (long) total))
        .tensor("t" + number, Shape.of(2), Storage.of(number, 1))
        .write(file);
    return file;
  }

  @Test
  void aSplitModelIsReadFromAnyPart() throws IOException {
    Path first = part(0, 3, 3);
    Path second = part(1, 3, 3);
    assertThatThrownBy(() -> GgufFile.open(first))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("'m-00003-of-00003.gguf' is not in the folder");
    Path third = part(2, 3, 3);
    for (Path file : List.of(first, second, third)) {
      GgufFile read = GgufFile.open(file);
      assertThat(read.tensors().keySet()).containsExactly("t0", "t1", "t2");
      assertThat(read.storage("t1").toFloats()).containsExactly(1, 1);
    }
    part(1, 2, 3);
    assertThatThrownBy(() -> GgufFile.open(first)).hasMessageContaining("part 2 of 2, expected");
    part(1, 3, 3);
    part(0, 3, 4);
    assertThatThrownBy(() -> GgufFile.open(first)).hasMessageContaining("4 tensors together");
    Files.copy(first, folder.resolve("other.gguf"));
    assertThatThrownBy(() -> GgufFile.open(folder.resolve("other.gguf")))
        .hasMessageContaining("-00001-of-00003.gguf");
  }

  @ParameterizedTest
  @ValueSource(strings = {"4", "31", "9", "41", "77"})
  void aTypeThatCannotBeReadIsNamed(int type) {
    assertThat(GgufTypes.describe(type)).startsWith(type + "").contains("Q4_K");
    if (type != 77) {
      assertThat(GgufTypes.describe(type)).contains("Q");
    } else {
      assertThat(GgufTypes.describe(type)).contains("not known");
    }
  }

  @Test
  void whatIsNoFileIsRefused() throws IOException {
    assertThatThrownBy(() -> GgufFile.open(folder))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("is a folder");
    assertThatThrownBy(() -> GgufFile.open(folder.resolve("none")))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining("does not exist");
    assertThat(GgufFile.looksLikeOne(folder)).isFalse();
    assertThat(GgufFile.looksLikeOne(GgufFiles.resource("v2.gguf"))).isTrue();
    assertThat(GgufFile.looksLikeOne(GgufFiles.resource("malformed.zip"))).isFalse();
  }

  @Test
  void textsOfAnArrayAreCheckedAndReadWhenAskedFor() throws IOException {
    List<String> texts = List.of("", "a", "\u0120the", "\uFFFD", "x".repeat(300), "\uD83D\uDE42");
    Path path = folder.resolve("texts.gguf");
    new GgufWriter("test").put("t", GgufValue.strings(texts)).write(path);
    List<String> found = GgufFile.open(path).metadata().strings("t");
    assertThat(found).isEqualTo(texts);
    assertThat(found.get(3)).isEqualTo("\uFFFD");
    byte[] bytes = Files.readAllBytes(path);
    String all = new String(bytes, StandardCharsets.ISO_8859_1);
    int the = all.indexOf("the") - 1;
    refused(bytes, the, (byte) 0x20, "'t' is not valid UTF-8");
    refused(bytes, the - 9, (byte) 0xff, "'t', but only"); // the length, the least byte first
    refused(bytes, the - 2, (byte) 0x80, "9223372036854775813 bytes"); // a negative length
  }

  private void refused(byte[] bytes, int at, byte value, String message) throws IOException {
    byte[] changed = bytes.clone();
    changed[at] = value;
    Path path = Files.write(folder.resolve("changed.gguf"), changed);
    assertThatThrownBy(() -> GgufFile.open(path))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContaining(message);
  }
}
