package dev.peft4j.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/**
 * The tables that codes of the IQ types point into: a part of the format, from the gguf package
 * (see the file NOTICE). They are packed in a resource: for each table its entries, one after
 * another, two or four bits a number, the lowest ones first; then the 128 patterns of signs.
 */
final class IqGrids {
  private static final String RESOURCE = "iq-grids.bin";
  private static final byte[] BYTES = bytes();

  private static final int[] TWO_BITS = {8, 25, 43};
  private static final int[] TERNARY = {-1, 0, 1};
  private static final int[] EIGHT_STEPS = {4, 12, 20, 28, 36, 44, 52, 62};
  private static final int[] ODD = {1, 3, 5, 7, 9, 11, 13, 15};

  // in the order of the resource
  static final byte[] IQ2_XXS = table(0, 256, 8, TWO_BITS, 2);
  static final byte[] IQ2_XS = table(512, 512, 8, TWO_BITS, 2);
  static final byte[] IQ2_S = table(1536, 1024, 8, TWO_BITS, 2);
  static final byte[] IQ3_XXS = table(3584, 256, 4, EIGHT_STEPS, 4);
  static final byte[] IQ3_S = table(4096, 512, 4, ODD, 4);
  static final byte[] IQ1 = table(5120, 2048, 8, TERNARY, 2);
  private static final int SIGNS = 9216;

  private IqGrids() {}

  /** The eight signs of pattern {@code i}, a bit each; set bits are minus. */
  static int signs(int i) {
    return BYTES[SIGNS + i];
  }

  private static byte[] table(int at, int entries, int length, int[] meaning, int bits) {
    byte[] out = new byte[entries * length];
    int each = 8 / bits;
    for (int i = 0; i < out.length; i++) {
      int code = BYTES[at + i / each] >> bits * (i % each) & (1 << bits) - 1;
      out[i] = (byte) meaning[code];
    }
    return out;
  }

  private static byte[] bytes() {
    try (InputStream in = IqGrids.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the resource " + RESOURCE + " is missing");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
