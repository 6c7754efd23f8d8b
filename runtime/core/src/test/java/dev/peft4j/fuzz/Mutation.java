package dev.peft4j.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/** Files that are nearly right: a good one with bytes or tokens changed. */
public final class Mutation {
  /** What JSON is made of, and what tempts a reader to do something foolish. */
  private static final String[] TOKENS = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "0",
    "-1",
    "1e9",
    "2147483647",
    "4294967296",
    "-0.0",
    "1e999",
    "99999999999999999999999",
    "null",
    "true",
    "false",
    "NaN",
    "Infinity",
    "\"\"",
    "[]",
    "{}",
    "\"../outside\"",
    "\"../outside.safetensors\"",
    "\"/etc/passwd\"",
    "\"(a+)+$\"",
    "\"(.*)*x\"",
    "\"[\"",
    "\"(\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"a\\nb\"",
    "[[[[[[[[[[",
    "ü",
    " ",
    "\n",
    "\0",
    "\ufeff",
    "\"__class__\"",
    "[1,2,3]",
    "{\"a\":1}",
    "\"F32\"",
    "\"I64\"",
    "1",
    "2",
    "8",
    "1000000",
    "0.5",
    "//",
    "#",
    "'"
  };

  private final Random random;

  /** Mutations that follow from a seed; -Dfuzz.seed=N gives others. */
  public Mutation(long seed) {
    this.random = new Random(seed + 1000 * Long.getLong("fuzz.seed", 0));
  }

  /** The source of what is random. */
  public Random random() {
    return random;
  }

  /** A text with some changes. */
  public byte[] text(byte[] good) {
    return random.nextInt(3) == 0 ? bytes(good) : tokens(good);
  }

  /** Bytes of which some are others, are missing, or are there twice. */
  public byte[] bytes(byte[] good) {
    byte[] out = good.clone();
    switch (random.nextInt(5)) {
      case 0 -> {
        for (int i = random.nextInt(3); i >= 0; i--) {
          out[random.nextInt(out.length)] = (byte) random.nextInt(256);
        }
      }
      case 1 -> out = Arrays.copyOf(out, random.nextInt(out.length + 40));
      case 2 -> out[random.nextInt(out.length)] ^= (byte) (1 << random.nextInt(8));
      case 3 -> {
        int from = random.nextInt(out.length);
        int to = Math.min(out.length, from + random.nextInt(30));
        out = splice(good, from, to, new byte[0]);
      }
      default -> {
        int from = random.nextInt(out.length);
        int to = Math.min(out.length, from + random.nextInt(60));
        out = splice(good, to, to, Arrays.copyOfRange(good, from, to));
      }
    }
    return out;
  }

  /** A text in which tokens are others, or parts of it have changed places. */
  public byte[] tokens(byte[] good) {
    byte[] out = good;
    for (int i = random.nextInt(3); i >= 0 && out.length > 0; i--) {
      int from = start(out);
      int to = end(out, from);
      byte[] put =
          random.nextInt(4) == 0
              ? pick(out)
              : TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.UTF_8);
      out = splice(out, from, to, put);
    }
    return out;
  }

  /** Mostly where a token begins. */
  private int start(byte[] text) {
    int at = random.nextInt(text.length);
    if (random.nextInt(4) > 0) {
      while (at > 0 && isWord(text[at]) && isWord(text[at - 1])) {
        at--;
      }
    }
    return at;
  }

  private int end(byte[] text, int from) {
    if (random.nextInt(4) == 0) {
      return Math.min(text.length, from + random.nextInt(12));
    }
    int to = from;
    if (to < text.length && text[to] == '"') {
      to++;
      while (to < text.length && text[to] != '"') {
        to++;
      }
      return Math.min(text.length, to + 1);
    }
    while (to < text.length && isWord(text[to])) {
      to++;
    }
    return to;
  }

  private byte[] pick(byte[] text) {
    int from = start(text);
    return Arrays.copyOfRange(text, from, end(text, from));
  }

  private static boolean isWord(byte b) {
    return b == '_' || b == '.' || b == '-' || Character.isLetterOrDigit(b);
  }

  private static byte[] splice(byte[] good, int from, int to, byte[] put) {
    byte[] out = new byte[from + put.length + good.length - to];
    System.arraycopy(good, 0, out, 0, from);
    System.arraycopy(put, 0, out, from, put.length);
    System.arraycopy(good, to, out, from + put.length, good.length - to);
    return out;
  }
}
