package dev.peft4j.transformers.minilm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.peft4j.io.StoredTensor;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class OnnxWeightsTest {
  private interface Fields {
    void write(CodedOutputStream out) throws IOException;
  }

  private static ByteString message(Fields fields) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    fields.write(out);
    out.flush();
    return ByteString.copyFrom(bytes.toByteArray());
  }

  private static ByteString tensor(String name, int type, ByteString raw, int... dims)
      throws IOException {
    return message(
        out -> {
          for (int d : dims) {
            out.writeInt64(1, d);
          }
          out.writeInt32(2, type);
          out.writeString(8, name);
          out.writeBytes(9, raw);
        });
  }

  private static ByteString floats(float... values) {
    ByteBuffer b = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float v : values) {
      b.putFloat(v);
    }
    return ByteString.copyFrom(b.flip());
  }

  private static ByteString node(String op, String... inputs) throws IOException {
    return message(
        out -> {
          for (String in : inputs) {
            out.writeString(1, in);
          }
          out.writeString(2, "y");
          out.writeString(4, op);
        });
  }

  private static byte[] model(ByteString... tensors) throws IOException {
    return message(
            out -> {
              out.writeInt64(1, 8);
              out.writeString(2, "test");
              out.writeBytes(
                  7,
                  message(
                      graph -> {
                        graph.writeBytes(1, node("MatMul", "x", "w"));
                        graph.writeBytes(1, node("Add", "x", "b"));
                        graph.writeBytes(1, node("MatMul", "y", "z"));
                        graph.writeString(2, "graph");
                        for (ByteString t : tensors) {
                          graph.writeBytes(5, t);
                        }
                      }));
            })
        .toByteArray();
  }

  private static OnnxWeights read(byte[] bytes) throws IOException {
    return OnnxWeights.read(new ByteArrayInputStream(bytes), "m.onnx");
  }

  @Test
  void initializersAndFactors() throws IOException {
    byte[] file =
        model(
            tensor("w", 1, floats(1, 2, 3, 4, 5, 6), 2, 3),
            tensor("ids", 7, ByteString.copyFrom(new byte[8]), 1),
            tensor("b", 1, floats(7), 1));
    OnnxWeights weights = read(file);
    assertThat(weights.initializers()).containsOnlyKeys("w", "b");
    assertThat(weights.factors()).containsExactly("w", "z");
    StoredTensor t = OnnxWeights.transpose(weights.initializers().get("w"));
    assertThat(t.shape().toString()).isEqualTo("(3, 2)");
    assertThat(t.storage().toFloats()).containsExactly(1, 4, 2, 5, 3, 6);
  }

  @Test
  void truncatedFile() throws IOException {
    byte[] file = model(tensor("w", 1, floats(1, 2), 2));
    assertThatThrownBy(() -> read(Arrays.copyOf(file, file.length - 3)))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("m.onnx: truncated or not an ONNX file");
  }

  @Test
  void noOnnxFile() {
    assertThatThrownBy(() -> read(new byte[0])).hasMessageContaining("no float32 initializers");
    assertThatThrownBy(
            () -> read("PK\3\4 is a zip".getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("m.onnx");
  }

  @Test
  void dataThatDoesNotFitTheShape() throws IOException {
    byte[] file = model(tensor("w", 1, floats(1, 2), 3));
    assertThatThrownBy(() -> read(file))
        .hasMessageContaining("initializer w of shape (3,) has 8 bytes");
  }
}
