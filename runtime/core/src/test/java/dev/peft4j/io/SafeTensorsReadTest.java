package dev.peft4j.io;

import static dev.peft4j.io.TestFiles.resource;
import static dev.peft4j.io.TestFiles.safetensors;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafeTensorsReadTest {
  private static final float INF = Float.POSITIVE_INFINITY;

  @TempDir Path folder;

  @Test
  void readsEveryTypeThatPythonWrites() throws Exception {
    SafeTensors file = SafeTensors.open(resource("types.safetensors"));
    assertThat(file.metadata())
        .containsExactlyInAnyOrderEntriesOf(Map.of("format", "pt", "made by", "make.py ü"));
    assertThat(file.storage("f32").toFloats()).containsExactly(0.1f, -0.2f, 3e38f);
    assertThat(file.storage("f64").toFloats()).containsExactly(1.5f, -2.25f, 1e30f, INF);
    assertThat(file.storage("f16").toFloats())
        .containsExactly(1f, -0.33300781f, 65504f, 5.9604645e-8f, -INF);
    assertThat(file.storage("bf16").toFloats())
        .containsExactly(1f, -0.33203125f, 3.0040553e38f, 9.1835496e-41f);
    assertThat(file.storage("i64").toLongs()).containsExactly(1L << 62, -1);
    assertThat(file.storage("i32").toInts()).containsExactly(Integer.MAX_VALUE, Integer.MIN_VALUE);
    assertThat(file.storage("i16").toInts()).containsExactly(-32768, 32767);
    assertThat(file.storage("i8").toInts()).containsExactly(-128, 127, 0);
    assertThat(file.storage("u8").toInts()).containsExactly(255, 0, 1);
    assertThat(file.storage("u16").toInts()).containsExactly(65535);
    assertThat(file.storage("u32").toLongs()).containsExactly(4294967295L);
    assertThat(file.storage("u64").toLongs()).containsExactly(Long.MAX_VALUE);
    assertThat(file.storage("bool").toInts()).containsExactly(1, 0, 1);
    assertThat(file.tensor("scalar").shape()).isEqualTo(Shape.SCALAR);
    assertThat(file.storage("scalar").toFloats()).containsExactly(7f);
    assertThat(file.tensor("empty").shape()).isEqualTo(Shape.of(0, 3));
    assertThat(file.storage("empty").elements()).isZero();
    assertThat(file.storage("u32").dtype()).isEqualTo(DType.INT64);
    assertThat(file.storage("bool").dtype()).isEqualTo(DType.INT32);
  }

  @Test
  void namesTheTensorAndTypeThatCannotBeRead() throws Exception {
    SafeTensors file = SafeTensors.open(resource("types.safetensors"));
    assertThatThrownBy(() -> file.storage("f8"))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll("types.safetensors", "'f8'", "F8_E4M3");
    assertThatThrownBy(() -> file.storage("nope"))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll("no tensor 'nope'", "'f64'");
  }

  @Test
  void keepsTheOrderOfTheFile() throws Exception {
    SafeTensors file = SafeTensors.open(resource("names.safetensors"));
    assertThat(file.names())
        .containsExactly(
            "ids",
            "",
            "\t\n\r\b\f\u0001\u007f",
            "a",
            "b",
            "layers.10.w",
            "layers.9.w",
            "q\"\\/",
            "é",
            "\uffee",
            "\ud83d\ude00",
            "mask");
    assertThat(file.shapes()).containsEntry("ids", Shape.of(2, 2));
  }

  @Test
  void sharesTheFilesMemoryAndCannotWriteToIt() throws Exception {
    SafeTensors file = SafeTensors.open(resource("names.safetensors"));
    Storage first = file.storage("b");
    assertThat(first.address()).isEqualTo(file.storage("b").address());
    assertThat(first.segment().isReadOnly()).isTrue();
    assertThatThrownBy(() -> first.segment().set(ValueLayout.JAVA_FLOAT, 0, 1f))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(file.storage("ids").segment().isReadOnly()).isTrue();
    Storage copy = first.copy();
    copy.setFloat(0, 5f);
    assertThat(first.floatAt(0)).isZero();
  }

  @Test
  void copiesWhatTheFileHasAtAnOddAddress() throws Exception {
    String header =
        "{\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1,9]}}";
    byte[] bytes = safetensors(header, 9);
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putFloat(bytes.length - 8, 1.25f)
        .putFloat(bytes.length - 4, -3f);
    SafeTensors file = SafeTensors.open(Files.write(folder.resolve("odd"), bytes));
    Storage s = file.storage("a");
    assertThat(s.address() % 4).isZero();
    assertThat(s.toFloats()).containsExactly(1.25f, -3f);
  }

  @Test
  void aFileWithoutTensorsIsOne() throws Exception {
    SafeTensors file =
        SafeTensors.open(Files.write(folder.resolve("none"), safetensors("{} \n", 0)));
    assertThat(file.names()).isEmpty();
    assertThatThrownBy(() -> file.info("x")).hasMessageContaining("none at all");
  }

  @Test
  void storagesOutliveAFileThatIsReplaced() throws Exception {
    Path path = folder.resolve("w.safetensors");
    SafeTensors.write(path, Map.of("w", StoredTensor.of(new float[] {1, 2}, 2)));
    Storage old = SafeTensors.open(path).storage("w");
    SafeTensors.write(path, Map.of("w", StoredTensor.of(new float[] {3}, 1)));
    System.gc();
    assertThat(old.toFloats()).containsExactly(1, 2);
    assertThat(SafeTensors.open(path).storage("w").toFloats()).containsExactly(3);
    SafeTensors.write(path, Map.of("w", new StoredTensor(Shape.of(2), old)));
    assertThat(SafeTensors.open(path).storage("w").toFloats()).containsExactly(1, 2);
  }

  @Test
  void listsWhereWeightsAreNotFinite() throws Exception {
    Path path = folder.resolve("nan.safetensors");
    SafeTensors.write(
        path,
        Map.of(
            "fine", StoredTensor.of(new float[] {1}, 1),
            "bad", StoredTensor.of(new float[] {0, 1, 2, Float.NaN, 4, INF}, 2, 3),
            "worse", StoredTensor.of(new float[] {-INF})));
    SafeTensors file = SafeTensors.open(path);
    assertThatThrownBy(file::checkFinite)
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll(
            "nan.safetensors",
            "2 tensors",
            "'bad' has 2 of 6, the first NaN at [1, 0]",
            "'worse' has 1 of 1, the first -Infinity at []");
    assertThatThrownBy(SafeTensors.open(resource("types.safetensors"))::checkFinite)
        .hasMessageContainingAll(
            "'f64' has 1 of 4, the first Infinity at [1, 1]", "'f16' has 1 of");
    SafeTensors.open(resource("names.safetensors")).checkFinite();
  }

  @Test
  void refusesValuesThatDoNotFit() throws Exception {
    String header = "{\"a\":{\"dtype\":\"%s\",\"shape\":[1,2],\"data_offsets\":[0,16]}}";
    byte[] wide = safetensors(header.formatted("F64"), 16);
    ByteBuffer.wrap(wide).order(ByteOrder.LITTLE_ENDIAN).putDouble(wide.length - 8, 1e300);
    SafeTensors f64 = SafeTensors.open(Files.write(folder.resolve("f64"), wide));
    assertThatThrownBy(() -> f64.storage("a"))
        .isInstanceOf(FileFormatException.class)
        .hasMessageContainingAll("'a'", "F64", "1.0E300 at [0, 1]", "FLOAT32");
    byte[] u64 = safetensors(header.formatted("U64"), 16);
    u64[u64.length - 1] = -1;
    SafeTensors file = SafeTensors.open(Files.write(folder.resolve("u64"), u64));
    assertThatThrownBy(() -> file.storage("a")).hasMessageContainingAll("at [0, 1]", "INT64");
  }
}
