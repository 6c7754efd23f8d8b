package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A case of quantized weights: what bitsandbytes, the gguf package and peft on top of them compute.
 * Its case.json says of which kind it is.
 */
final class QuantCase {
  private static final int MAX_REASONS = 3;

  /** A runner of one kind: it compares what is in the folder and notes what is wrong. */
  @FunctionalInterface
  interface Kind {
    void run(QuantCase c) throws IOException;
  }

  private static final Map<String, Kind> KINDS =
      Map.of(
          "gguf-type", QuantTypes::run,
          "gguf-metadata", QuantHeaders::metadata,
          "gguf-split", QuantHeaders::split,
          "gguf-model", QuantModels::run,
          "gguf-lora", QuantGgufLora::run,
          "gguf-tokenizer", QuantTokenizers::run,
          "qlora", QuantLora::run,
          "bnb4", QuantBlocks::fourBits,
          "bnb8", QuantBlocks::int8);

  private final Path folder;
  private final JsonNode json;
  private final List<Difference> differences = new ArrayList<>();
  private final List<String> reasons = new ArrayList<>();
  private int failed;

  private QuantCase(Path folder, JsonNode json) {
    this.folder = folder;
    this.json = json;
  }

  /** Returns whether {@code path} is a case of this kind. */
  static boolean looksLikeOne(Path path) {
    if (!Files.isRegularFile(path.resolve("case.json"))) {
      return false;
    }
    try {
      String kind = read(path.resolve("case.json")).path("kind").asText();
      return KINDS.containsKey(kind);
    } catch (IOException e) {
      return false;
    }
  }

  static CaseResult run(Path folder) {
    try {
      QuantCase c = new QuantCase(folder, read(folder.resolve("case.json")));
      String kind = c.json.path("kind").asText();
      Kind runner = KINDS.get(kind);
      if (runner == null) {
        return CaseResult.unsupported(kind);
      }
      runner.run(c);
      if (c.failed > MAX_REASONS) {
        c.reasons.add("and " + (c.failed - MAX_REASONS) + " more");
      }
      return CaseResult.of(Difference.largestOfEach(c.differences), c.reasons);
    } catch (IOException | RuntimeException e) {
      return CaseResult.failed(e.toString());
    }
  }

  static JsonNode read(Path file) throws IOException {
    return new ObjectMapper().readTree(file.toFile());
  }

  Path folder() {
    return folder;
  }

  Path file(String name) {
    return folder.resolve(name);
  }

  JsonNode json() {
    return json;
  }

  void add(Difference difference) {
    differences.add(difference);
  }

  void fail(String reason) {
    if (++failed <= MAX_REASONS) {
      reasons.add(reason);
    }
  }

  /** Notes numbers that differ, by their bits; zeros may have either sign where that is said. */
  void sameBits(String what, float[] found, float[] expected, boolean anyZero) {
    if (found.length != expected.length) {
      fail(what + ": " + found.length + " numbers instead of " + expected.length);
      return;
    }
    int wrong = 0;
    String first = "";
    for (int i = 0; i < found.length; i++) {
      boolean same =
          Float.floatToRawIntBits(found[i]) == Float.floatToRawIntBits(expected[i])
              || anyZero && found[i] == 0 && expected[i] == 0;
      if (!same && wrong++ == 0) {
        first = "number " + i + " is " + found[i] + " instead of " + expected[i];
      }
    }
    if (wrong > 0) {
      fail(what + ": " + wrong + " of " + found.length + " differ, " + first);
    }
  }

  void sameBytes(String what, byte[] found, byte[] expected) {
    int at = java.util.Arrays.mismatch(found, expected);
    if (at >= 0) {
      fail(what + ": differs from byte " + at + " of " + expected.length + " on");
    }
  }

  void same(String what, Object found, Object expected) {
    if (!found.equals(expected)) {
      fail(what + ": " + found + " instead of " + expected);
    }
  }
}
