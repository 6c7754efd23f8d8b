package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.Quote;
import java.nio.file.Path;
import java.util.Set;

/** How a byte-level BPE splits texts before it merges, by llama.cpp's names. */
final class GgufPreTokenizer {
  private static final Set<String> GPT2 =
      Set.of("gpt-2", "gpt2", "phi-2", "jina-es", "roberta-bpe");

  /** Single digits first, then as GPT-2. */
  private static final Set<String> DIGITS =
      Set.of("smollm", "starcoder", "refact", "command-r", "codeshell", "exaone");

  private static final Set<String> LLAMA3 =
      Set.of("llama-bpe", "llama3", "llama-v3", "lfm2", "falcon3", "falcon-h1", "pixtral");

  private static final Set<String> QWEN2 = Set.of("qwen2", "deepseek-r1-qwen", "megrez");

  /** As Qwen2, without a normal form. */
  private static final Set<String> QWEN2_PLAIN = Set.of("stablelm2");

  private static final String BEFORE =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}";

  private static final String AFTER =
      "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private GgufPreTokenizer() {}

  /** Writes the parts of a {@code tokenizer.json}. */
  static void write(Path file, String name, ObjectNode out, ObjectNode model)
      throws FileFormatException {
    if (GPT2.contains(name)) {
      out.set("pre_tokenizer", byteLevel(false, true));
    } else if (DIGITS.contains(name)) {
      ArrayNode steps = sequence(out);
      steps.addObject().put("type", "Digits").put("individual_digits", true);
      steps.add(byteLevel(false, true));
    } else if (LLAMA3.contains(name)) {
      split(out, BEFORE + "{1,3}" + AFTER);
      model.put("ignore_merges", true);
    } else if (QWEN2.contains(name) || QWEN2_PLAIN.contains(name)) {
      split(out, BEFORE + AFTER);
      if (QWEN2.contains(name)) {
        out.putObject("normalizer").put("type", "NFC");
      }
    } else {
      throw new FileFormatException(
          file,
          "has a tokenizer that splits texts as "
              + Quote.text(name)
              + " (tokenizer.ggml.pre), which is not known; known are "
              + String.join(", ", new java.util.TreeSet<>(all()))
              + ". Take the tokenizer.json of the model");
    }
  }

  private static Set<String> all() {
    Set<String> all = new java.util.HashSet<>(GPT2);
    all.addAll(DIGITS);
    all.addAll(LLAMA3);
    all.addAll(QWEN2);
    all.addAll(QWEN2_PLAIN);
    return all;
  }

  private static ArrayNode sequence(ObjectNode out) {
    return out.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
  }

  private static void split(ObjectNode out, String regex) {
    ArrayNode steps = sequence(out);
    ObjectNode split = steps.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", regex);
    split.put("behavior", "Isolated").put("invert", false);
    steps.add(byteLevel(false, false));
  }

  static ObjectNode byteLevel(boolean prefix, boolean regex) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", prefix)
        .put("trim_offsets", true)
        .put("use_regex", regex);
  }
}
