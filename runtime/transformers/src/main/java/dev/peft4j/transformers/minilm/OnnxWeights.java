package dev.peft4j.transformers.minilm;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.peft4j.data.DType;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.StoredTensor;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The float32 initializers of an ONNX file and the second inputs of its matrix products in the
 * order of the graph. Field numbers are those of onnx.proto.
 */
final class OnnxWeights {
  private static final int MODEL_GRAPH = 7;
  private static final int GRAPH_NODE = 1;
  private static final int GRAPH_INITIALIZER = 5;
  private static final int NODE_INPUT = 1;
  private static final int NODE_OP_TYPE = 4;
  private static final int TENSOR_DIMS = 1;
  private static final int TENSOR_DATA_TYPE = 2;
  private static final int TENSOR_NAME = 8;
  private static final int TENSOR_RAW_DATA = 9;
  private static final int FLOAT = 1;

  private static final int PIECE = 1 << 20;
  private static final ValueLayout.OfFloat FLOATS = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final String name;
  private final Map<String, StoredTensor> initializers = new LinkedHashMap<>();
  private final List<String> factors = new ArrayList<>();

  private OnnxWeights(String name) {
    this.name = name;
  }

  /**
   * Reads a file.
   *
   * @param name its name in messages
   * @throws IOException if it is truncated or not an ONNX file
   */
  static OnnxWeights read(InputStream in, String name) throws IOException {
    OnnxWeights weights = new OnnxWeights(name);
    CodedInputStream file = CodedInputStream.newInstance(in, 1 << 20);
    file.setSizeLimit(Integer.MAX_VALUE);
    try {
      for (int tag = file.readTag(); tag != 0; tag = file.readTag()) {
        if (WireFormat.getTagFieldNumber(tag) == MODEL_GRAPH) {
          weights.graph(file);
        } else {
          file.skipField(tag);
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IOException(name + ": truncated or not an ONNX file: " + e.getMessage(), e);
    }
    if (weights.initializers.isEmpty()) {
      throw new IOException(
          name + ": not an ONNX file with weights: it has no float32 initializers");
    }
    return weights;
  }

  /** Returns the float32 initializers by name, in the file's order. */
  Map<String, StoredTensor> initializers() {
    return initializers;
  }

  /** Returns the names of all second inputs of MatMul nodes, in the order of the graph. */
  List<String> factors() {
    return factors;
  }

  private void graph(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case GRAPH_NODE -> node(in);
        case GRAPH_INITIALIZER -> tensor(in);
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
  }

  private void node(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    List<String> inputs = new ArrayList<>();
    String op = "";
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case NODE_INPUT -> inputs.add(in.readString());
        case NODE_OP_TYPE -> op = in.readString();
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
    if (op.equals("MatMul") && inputs.size() == 2) {
      factors.add(inputs.get(1));
    }
  }

  private void tensor(CodedInputStream in) throws IOException {
    int outer = in.pushLimit(in.readRawVarint32());
    List<Integer> dims = new ArrayList<>();
    int type = 0;
    String tensor = "";
    MemorySegment raw = MemorySegment.NULL;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (WireFormat.getTagFieldNumber(tag)) {
        case TENSOR_DIMS -> dims(in, tag, dims);
        case TENSOR_DATA_TYPE -> type = in.readInt32();
        case TENSOR_NAME -> tensor = in.readString();
        case TENSOR_RAW_DATA -> raw = bytes(in);
        default -> in.skipField(tag);
      }
    }
    in.popLimit(outer);
    if (type != FLOAT) {
      return;
    }
    Shape shape = Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
    long found = raw.byteSize();
    if (found != shape.elements() * Float.BYTES) {
      throw new IOException(
          name
              + ": initializer "
              + tensor
              + " of shape "
              + shape
              + " has "
              + found
              + " bytes of raw_data, expected "
              + shape.elements() * Float.BYTES);
    }
    initializers.put(tensor, new StoredTensor(shape, Storage.wrap(raw, DType.FLOAT32)));
  }

  /** Reads bytes piece by piece, since large arrays stay on the Java heap for long. */
  private MemorySegment bytes(CodedInputStream in) throws IOException {
    int size = in.readRawVarint32();
    if (size < 0) {
      throw new IOException(name + ": truncated or not an ONNX file: raw_data of negative length");
    }
    MemorySegment raw = Arena.ofAuto().allocate(size, 64);
    for (int at = 0; at < size; at += PIECE) {
      byte[] piece = in.readRawBytes(Math.min(PIECE, size - at));
      MemorySegment.copy(piece, 0, raw, ValueLayout.JAVA_BYTE, at, piece.length);
    }
    return raw;
  }

  /** Reads sizes, one by one or packed. */
  private static void dims(CodedInputStream in, int tag, List<Integer> dims) throws IOException {
    if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
      dims.add(Math.toIntExact(in.readInt64()));
      return;
    }
    int outer = in.pushLimit(in.readRawVarint32());
    while (!in.isAtEnd()) {
      dims.add(Math.toIntExact(in.readInt64()));
    }
    in.popLimit(outer);
  }

  /** Returns the transpose of a matrix (rows, columns), in its own memory. */
  static StoredTensor transpose(StoredTensor m) {
    int rows = m.shape().dim(0);
    int columns = m.shape().dim(1);
    float[] from = m.storage().toFloats();
    MemorySegment to = m.storage().segment();
    for (int r = 0; r < rows; r++) {
      for (int c = 0; c < columns; c++) {
        to.setAtIndex(FLOATS, (long) c * rows + r, from[r * columns + c]);
      }
    }
    return new StoredTensor(Shape.of(columns, rows), m.storage());
  }
}
