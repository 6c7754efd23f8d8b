package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What differs between an adapter's folder as it is saved here and as peft saved it. */
final class SavedAdapter {
  private static final double ROUNDED = 1e-6;

  private SavedAdapter() {}

  /** Returns a sentence on names that are not the same, or in another order; else nothing. */
  static List<String> differences(String what, List<String> here, List<String> theirs) {
    if (here.equals(theirs)) {
      return List.of();
    }
    List<String> extra = here.stream().filter(n -> !theirs.contains(n)).toList();
    List<String> missing = theirs.stream().filter(n -> !here.contains(n)).toList();
    return List.of(
        extra.isEmpty() && missing.isEmpty()
            ? what + " come in another order than peft's: " + here
            : what + " differ: only here " + extra + ", only in peft " + missing);
  }

  /** Returns a sentence a key and a weight. */
  static List<String> differences(Adapter here, Adapter theirs) {
    List<String> wrong =
        new ArrayList<>(
            differences(
                "keys of the saved adapter",
                List.copyOf(here.tensors().keySet()),
                List.copyOf(theirs.tensors().keySet())));
    here.tensors()
        .forEach(
            (key, t) -> {
              var other = theirs.tensors().get(key);
              if (other != null
                  && !(t.shape().equals(other.shape())
                      && sameNumbers(key, t.storage().toFloats(), other.storage().toFloats()))) {
                wrong.add("saved weight " + key + " is not what was loaded");
              }
            });
    ObjectNode a = comparable(here.config());
    ObjectNode b = comparable(theirs.config());
    Set<String> keys = new TreeSet<>();
    a.fieldNames().forEachRemaining(keys::add);
    b.fieldNames().forEachRemaining(keys::add);
    for (String key : keys) {
      if (!sorted(a.get(key)).equals(sorted(b.get(key)))) {
        wrong.add(
            "adapter_config.json has " + key + " " + a.get(key) + ", peft's has " + b.get(key));
      }
    }
    return wrong;
  }

  /** VB-LoRA's weights go through logits, where they are rounded. */
  private static boolean sameNumbers(String key, float[] here, float[] theirs) {
    return key.endsWith("_topk_weights") ? close(here, theirs) : Arrays.equals(here, theirs);
  }

  static boolean close(float[] here, float[] theirs) {
    for (int i = 0; i < here.length; i++) {
      if (!(Math.abs(here[i] - theirs[i]) < ROUNDED)) {
        return false;
      }
    }
    return true;
  }

  /** Returns the settings without the release of peft and the package of the model's class. */
  private static ObjectNode comparable(AdapterConfig config) {
    ObjectNode tree = config.tree();
    tree.remove("peft_version");
    tree.remove("progressbar"); // FRoD's, which says how a terminal looks
    if (tree.get("auto_mapping") instanceof ObjectNode mapping) {
      mapping.remove("parent_library");
    }
    return tree;
  }

  /** Returns a list in sorted order: peft keeps targets in a set, so their order is arbitrary. */
  private static String sorted(@Nullable JsonNode value) {
    if (value == null || !value.isArray()) {
      return String.valueOf(value);
    }
    return new TreeSet<>(value.valueStream().map(JsonNode::toString).toList()).toString();
  }

  static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path p : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(p);
      }
    }
  }
}
