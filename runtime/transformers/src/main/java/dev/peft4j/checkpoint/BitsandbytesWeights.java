package dev.peft4j.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.data.DynamicMap;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.FourBitBlocks;
import dev.peft4j.data.Fp4;
import dev.peft4j.data.Int8Rows;
import dev.peft4j.data.Nf4;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.Quote;
import dev.peft4j.io.TensorType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The weights of a folder that transformers saved with bitsandbytes: packed codes, with scales and
 * a description beside them.
 */
final class BitsandbytesWeights implements WeightSource {
  private static final String STATE = ".quant_state.bitsandbytes__";
  private static final String SCALES = "SCB";
  private static final int GROUP = 256;

  /** A packed weight. */
  private record Packed(Shape shape, Encoding encoding, JsonNode state) {}

  private final ModelFolder folder;
  private final FolderWeights plain;
  private final Map<String, Packed> packed = new LinkedHashMap<>();
  private final List<String> names = new ArrayList<>();

  BitsandbytesWeights(ModelFolder folder) throws FileFormatException {
    this.folder = folder;
    this.plain = new FolderWeights(folder);
    for (String name : folder.names()) {
      int at = name.indexOf(STATE);
      if (at >= 0) {
        fourBits(name.substring(0, at), name);
      } else if (name.endsWith("." + SCALES)) {
        String weight = stem(name, SCALES) + "weight";
        Shape shape = folder.info(weight).shape();
        JsonNode none = new ObjectMapper().createObjectNode();
        packed.put(weight, new Packed(shape, new Int8Rows().forShape(shape), none));
      }
    }
    for (String name : folder.names()) {
      if (packed.containsKey(name) || !isBeside(name)) {
        names.add(name);
      }
    }
  }

  private static String stem(String name, String end) {
    return name.substring(0, name.length() - end.length());
  }

  /** Returns whether a tensor belongs to a packed weight: its scales, map or description. */
  private boolean isBeside(String name) {
    for (String end : List.of(SCALES, "weight_format")) {
      if (name.endsWith("." + end) && packed.containsKey(stem(name, end) + "weight")) {
        return true;
      }
    }
    int at = name.indexOf(".weight.");
    return at >= 0 && packed.containsKey(name.substring(0, at + ".weight".length()));
  }

  private void fourBits(String weight, String state) throws FileFormatException {
    JsonNode json;
    try {
      json = new ObjectMapper().readTree(new String(bytes(state), StandardCharsets.UTF_8));
    } catch (JsonProcessingException e) {
      throw problem(state, "is not JSON");
    }
    String type = json.path("quant_type").asText();
    if (!type.equals("nf4") && !type.equals("fp4")) {
      throw problem(state, "has the quant_type " + Quote.text(type) + ", expected 'nf4' or 'fp4'");
    }
    int block = json.path("blocksize").asInt();
    boolean twice = folder.contains(weight + ".nested_absmax") && standardNesting(weight, json);
    FourBitBlocks encoding;
    try {
      encoding = type.equals("nf4") ? new Nf4(block, twice) : new Fp4(block, twice);
    } catch (IllegalArgumentException e) {
      throw problem(state, String.valueOf(e.getMessage()));
    }
    requireMap(weight, encoding);
    packed.put(weight, new Packed(shape(state, json.path("shape")), encoding, json));
  }

  private Shape shape(String state, JsonNode dims) throws FileFormatException {
    int[] shape = new int[dims.size()];
    long elements = 1;
    for (int i = 0; i < shape.length; i++) {
      shape[i] = dims.get(i).asInt(-1);
      elements = shape[i] < 1 || elements > Integer.MAX_VALUE ? -1 : elements * shape[i];
    }
    if (!dims.isArray() || dims.isEmpty() || elements < 1 || elements > Integer.MAX_VALUE) {
      throw problem(state, "has the shape " + dims + ", expected a list of sizes");
    }
    return Shape.of(shape);
  }

  /** Returns whether maxima are codes of the usual map; others are decoded when they are read. */
  private boolean standardNesting(String weight, JsonNode state) throws FileFormatException {
    float[] map = folder.storage(weight + ".nested_quant_map").toFloats();
    boolean same = map.length == GROUP && state.path("nested_blocksize").asInt() == GROUP;
    for (int i = 0; same && i < GROUP; i++) {
      same = map[i] == DynamicMap.value(i);
    }
    return same;
  }

  private void requireMap(String weight, FourBitBlocks encoding) throws FileFormatException {
    String name = weight + ".quant_map";
    if (!folder.contains(name)) {
      return;
    }
    float[] map = folder.storage(name).toFloats();
    for (int i = 0; i < 16; i++) {
      if (map.length != 16 || map[i] != encoding.value(i)) {
        throw problem(name, "is not the map of " + encoding);
      }
    }
  }

  @Override
  public Path path() {
    return folder.folder();
  }

  @Override
  public List<String> names() {
    return List.copyOf(names);
  }

  @Override
  public Shape shape(String name) throws FileFormatException {
    Packed p = packed.get(name);
    return p == null ? plain.shape(name) : p.shape;
  }

  @Override
  public boolean isFloat(String name) throws FileFormatException {
    return packed.containsKey(name) || plain.isFloat(name);
  }

  @Override
  public String type(String name) throws FileFormatException {
    Packed p = packed.get(name);
    return p == null ? plain.type(name) : p.encoding.name();
  }

  @Override
  public Encoding encoding(String name) throws FileFormatException {
    Packed p = packed.get(name);
    return p == null ? plain.encoding(name) : p.encoding;
  }

  @Override
  public Storage storage(String name, Encoding wanted) throws FileFormatException {
    Packed p = packed.get(name);
    if (p == null) {
      return plain.storage(name, wanted);
    }
    Storage own;
    try {
      own = p.encoding instanceof FourBitBlocks f ? fourBits(name, p, f) : int8(name, p);
    } catch (IllegalArgumentException e) {
      throw problem(name, String.valueOf(e.getMessage()));
    }
    return wanted.equals(p.encoding) ? own : own.copyAs(wanted.forShape(p.shape));
  }

  private Storage fourBits(String name, Packed p, FourBitBlocks encoding)
      throws FileFormatException {
    long values = p.shape.elements();
    byte[] codes = bytes(name);
    String maxima = name + ".absmax";
    if (!folder.contains(name + ".nested_absmax")) {
      return encoding.of(codes, folder.storage(maxima).toFloats(), values);
    }
    float[] outer = folder.storage(name + ".nested_absmax").toFloats();
    float mean = (float) p.state.path("nested_offset").asDouble(Double.NaN);
    if (!Float.isFinite(mean)) {
      throw problem(name, "has a quant_state without nested_offset, a number");
    }
    if (encoding.isDouble()) {
      return encoding.of(codes, bytes(maxima), outer, mean, values);
    }
    float[] map = folder.storage(name + ".nested_quant_map").toFloats();
    int block = p.state.path("nested_blocksize").asInt();
    byte[] maximaCodes = bytes(maxima);
    if (map.length != GROUP
        || block < 1
        || outer.length < (maximaCodes.length + block - 1) / block) {
      throw problem(name, "has nested scales that do not fit");
    }
    float[] decoded = new float[maximaCodes.length];
    for (int i = 0; i < decoded.length; i++) {
      decoded[i] = map[maximaCodes[i] & 0xff] * outer[i / block] + mean;
    }
    return encoding.of(codes, decoded, values);
  }

  private Storage int8(String name, Packed p) throws FileFormatException {
    Storage scales = folder.storage(stem(name, "weight") + SCALES);
    String format = stem(name, "weight") + "weight_format";
    if (folder.contains(format) && folder.storage(format).index(0) != 0) {
      throw problem(format, "is not 0, the only layout that can be read: rows of int8");
    }
    byte[] codes = bytes(name);
    int row = p.shape.dim(-1);
    if (folder.info(name).type() != TensorType.I8 || scales.elements() * row != codes.length) {
      throw problem(
          name,
          "is "
              + folder.info(name).type()
              + " with "
              + scales.elements()
              + " scales, expected int8 with one for each of its rows");
    }
    Storage out = Storage.allocate(p.encoding, p.shape.elements());
    MemorySegment to = out.segment();
    for (int r = 0; r < p.shape.rows(); r++) {
      long at = (long) r * p.encoding.blockBytes();
      to.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, scales.floatAt(r));
      MemorySegment.copy(codes, r * row, to, ValueLayout.JAVA_BYTE, at + 4, row);
    }
    return out;
  }

  /** The bytes of a tensor, whatever type they are stored as. */
  private byte[] bytes(String name) throws FileFormatException {
    return folder.bytes(name).toArray(ValueLayout.JAVA_BYTE);
  }

  private FileFormatException problem(String name, String problem) {
    return new FileFormatException(folder.folder(), "tensor " + Quote.text(name) + " " + problem);
  }
}
