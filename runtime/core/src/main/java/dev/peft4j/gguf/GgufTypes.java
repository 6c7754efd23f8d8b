package dev.peft4j.gguf;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import java.util.Map;
import java.util.stream.Collectors;

/** What is known of types of tensors that cannot be read. */
final class GgufTypes {
  private static final Map<Integer, String> KNOWN =
      Map.ofEntries(
          Map.entry(4, "Q4_2, which was retired in 2023"),
          Map.entry(5, "Q4_3, which was retired in 2023"),
          Map.entry(9, "Q8_1, which llama.cpp only has for activations"),
          Map.entry(15, "Q8_K, which llama.cpp only has for activations"),
          Map.entry(31, "Q4_0_4_4, which was retired: store the tensor as Q4_0"),
          Map.entry(32, "Q4_0_4_8, which was retired: store the tensor as Q4_0"),
          Map.entry(33, "Q4_0_8_8, which was retired: store the tensor as Q4_0"),
          Map.entry(36, "IQ4_NL_4_4, which was retired: store the tensor as IQ4_NL"),
          Map.entry(37, "IQ4_NL_4_8, which was retired: store the tensor as IQ4_NL"),
          Map.entry(38, "IQ4_NL_8_8, which was retired: store the tensor as IQ4_NL"),
          Map.entry(41, "Q1_0, which cannot be read here"));

  private GgufTypes() {}

  /** Returns the rest of "is of type ...". */
  static String describe(long type) {
    String known = type < 0 || type > 255 ? null : KNOWN.get((int) type);
    return type
        + (known == null ? ", which is not known" : ": " + known)
        + "; types that can be read are "
        + Encodings.all().stream()
            .filter(e -> e.ggufType() >= 0)
            .sorted(java.util.Comparator.comparingInt(Encoding::ggufType))
            .map(Encoding::ggufName)
            .collect(Collectors.joining(", "));
  }
}
