package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.data.DynamicMap;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.FourBitBlocks;
import dev.peft4j.data.Fp4;
import dev.peft4j.data.Int8Rows;
import dev.peft4j.data.Nf4;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.ValueLayout;

/** Weights as bitsandbytes holds them: codes, scales and decoded values, bit for bit. */
final class QuantBlocks {
  private static final int GROUP = 256;
  private static final double TOLERANCE = 2e-6;

  private QuantBlocks() {}

  static void fourBits(QuantCase c) throws IOException {
    SafeTensors io = SafeTensors.open(c.file("io.safetensors"));
    int block = c.json().path("blocksize").asInt();
    boolean twice = c.json().path("double").asBoolean();
    boolean fp4 = c.json().path("quant_type").asText().equals("fp4");
    FourBitBlocks encoding = fp4 ? new Fp4(block, twice) : new Nf4(block, twice);
    FourBitBlocks once = fp4 ? new Fp4(block, false) : new Nf4(block, false);
    for (int i = 0; i < 16; i++) {
      float expected = io.storage("quant_map").floatAt(i);
      c.sameBits("code " + i, new float[] {encoding.value(i)}, new float[] {expected}, true);
    }
    for (JsonNode n : c.json().path("tensors")) {
      String name = n.asText();
      Storage source = io.storage(name + ".source");
      Storage plain = source.copyAs(once);
      byte[] codes = QuantTypes.bytes(bytes(io, name + ".codes"));
      c.sameBytes(name + ".codes", once.codes(plain), codes);
      Storage held = plain;
      if (twice) {
        held = nested(c, io, name, encoding, once.maxima(plain), codes, source.elements());
        // our own mean may differ from torch's in the last bit: the values are as near
        float[] own = source.copyAs(encoding).toFloats();
        Difference d = new Difference("own mean", 2e-2);
        d.add(name, Tensor.of(own, own.length), Tensor.of(held.toFloats(), own.length));
        c.add(d);
      } else {
        float[] maxima = io.storage(name + ".absmax").toFloats();
        c.sameBits(name + ".absmax", once.maxima(plain), maxima, false);
        c.sameBytes(
            name + " from parts",
            QuantTypes.bytes(once.of(codes, maxima, source.elements())),
            QuantTypes.bytes(plain));
      }
      float[] decoded = io.storage(name + ".decoded").toFloats();
      c.sameBits(name + ".decoded", held.toFloats(), decoded, fp4);
      if (io.contains(name + ".decoded_in_dtype")) {
        String type = io.info(name + ".decoded_in_dtype").type().name();
        float[] rounded =
            held.copyAs(type.equals("BF16") ? Encodings.BFLOAT16 : Encodings.FLOAT16).toFloats();
        float[] expected = io.storage(name + ".decoded_in_dtype").toFloats();
        c.sameBits(name + ".decoded_in_dtype", rounded, expected, fp4);
      }
    }
  }

  /** The second quantization, with torch's own mean. */
  private static Storage nested(
      QuantCase c,
      SafeTensors io,
      String name,
      FourBitBlocks encoding,
      float[] maxima,
      byte[] codes,
      long values)
      throws IOException {
    float mean = io.storage(name + ".offset").floatAt(0);
    byte[] maximaCodes = new byte[maxima.length];
    float[] outer = DynamicMap.encode(maxima, mean, GROUP, maximaCodes);
    byte[] expected = QuantTypes.bytes(bytes(io, name + ".absmax"));
    c.sameBytes(name + ".absmax", maximaCodes, expected);
    float[] nested = io.storage(name + ".nested_absmax").toFloats();
    c.sameBits(name + ".nested_absmax", outer, nested, false);
    for (int i = 0; i < GROUP; i++) {
      float wanted = io.storage("nested_quant_map").floatAt(i);
      c.sameBits("map " + i, new float[] {DynamicMap.value(i)}, new float[] {wanted}, false);
    }
    Storage held = encoding.of(codes, expected, nested, mean, values);
    float[] decoded = io.storage(name + ".absmax_decoded").toFloats();
    c.sameBits(name + ".absmax_decoded", encoding.maxima(held), decoded, false);
    return held;
  }

  /** The bytes of a tensor of U8 or I8, which is read as int32. */
  static Storage bytes(SafeTensors io, String name) throws IOException {
    int[] numbers = io.storage(name).toInts();
    Storage s = Storage.allocate(new dev.peft4j.data.Int8(), numbers.length);
    for (int i = 0; i < numbers.length; i++) {
      s.segment().set(ValueLayout.JAVA_BYTE, i, (byte) numbers[i]);
    }
    return s;
  }

  static void int8(QuantCase c) throws IOException {
    SafeTensors io = SafeTensors.open(c.file("io.safetensors"));
    Difference output = Difference.scaled("output", TOLERANCE);
    c.add(output);
    for (JsonNode n : c.json().path("tensors")) {
      String name = n.asText();
      Shape shape = io.info(name + ".source").shape();
      Storage held = io.storage(name + ".source").copyAs(new Int8Rows().forShape(shape));
      c.sameBytes(
          name + ".codes", codes(held, shape), QuantTypes.bytes(bytes(io, name + ".codes")));
      c.sameBits(name + ".SCB", maxima(held, shape), io.storage(name + ".SCB").toFloats(), false);
      float[] decoded = io.storage(name + ".decoded").toFloats();
      c.sameBits(name + ".decoded", held.toFloats(), decoded, false);
      Tensor w = Tensor.of(held, shape).toFloat();
      Tensor y = tensor(io, name + ".x").linear(w, tensor(io, name + ".bias"));
      output.add(name, y, tensor(io, name + ".out_float"));
    }
  }

  private static Tensor tensor(SafeTensors io, String name) throws IOException {
    return Tensor.of(io.storage(name), io.info(name).shape());
  }

  private static byte[] codes(Storage held, Shape shape) {
    byte[] all = QuantTypes.bytes(held);
    byte[] codes = new byte[shape.size()];
    int row = shape.dim(-1);
    for (int r = 0; r < shape.rows(); r++) {
      System.arraycopy(all, r * (row + 4) + 4, codes, r * row, row);
    }
    return codes;
  }

  private static float[] maxima(Storage held, Shape shape) {
    float[] maxima = new float[shape.rows()];
    for (int r = 0; r < maxima.length; r++) {
      long at = (long) r * (shape.dim(-1) + 4);
      maxima[r] = held.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
    }
    return maxima;
  }
}
