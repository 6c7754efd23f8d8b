package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.target.TargetMatcher;
import dev.peft4j.target.TargetSpec;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The keys of {@code adapter_config.json} that say what is targeted and what for; the same for
 * every tuner.
 *
 * @param targets the layers, and the modules to save
 * @param taskType peft's task type, or null
 * @param baseModel name of the base model, or null
 */
public record TargetFields(
    TargetSpec targets, @Nullable String taskType, @Nullable String baseModel) {

  /**
   * Reads those that are there.
   *
   * @throws IOException if one is wrong, naming file and key
   */
  public static TargetFields read(AdapterConfig file) throws IOException {
    TargetSpec.Builder b = TargetSpec.builder();
    compile(file);
    List<String> targets = file.textOrTexts("target_modules");
    if (targets != null && file.isText("target_modules")) {
      String text = targets.getFirst();
      if (text.equalsIgnoreCase(TargetSpec.ALL_LINEAR)) {
        b.allLinear();
      } else {
        b.targetRegex(text);
      }
    } else if (targets != null) {
      b.names(targets.stream().filter(t -> !t.isEmpty()).toList()); // an empty one names nothing
    }
    List<String> exclude = file.textOrTexts("exclude_modules");
    if (exclude != null && file.isText("exclude_modules")) {
      b.excludeRegex(exclude.getFirst());
    } else if (exclude != null) {
      b.exclude(exclude.toArray(new String[0]));
    }
    List<String> saved = file.texts("modules_to_save");
    if (saved != null) {
      b.modulesToSave(saved.toArray(new String[0]));
    }
    List<Integer> layers = file.integers("layers_to_transform");
    if (layers != null) {
      b.layers(layers.stream().mapToInt(Integer::intValue).toArray());
    }
    List<String> patterns = file.textOrTexts("layers_pattern");
    boolean anyList = patterns == null || file.isText("layers_pattern") && patterns.contains("");
    if (patterns != null && !anyList && !(layers != null && layers.isEmpty())) {
      b.layersPattern(patterns.toArray(new String[0]));
    }
    String task = file.text("task_type");
    if (task != null) {
      file.choice("task_type", task, PeftFormat.TASK_TYPES);
    }
    return new TargetFields(
        file.checked(() -> b.build().asFromFile()), task, file.text("base_model_name_or_path"));
  }

  /** Tries the regular expressions of each key by themselves, so that errors name the key. */
  private static void compile(AdapterConfig file) throws IOException {
    for (String key : List.of("target_modules", "exclude_modules")) {
      if (file.isText(key)) {
        requireRegex(file, key, file.get(key).textValue());
      }
    }
    List<String> saved = file.texts("modules_to_save");
    if (saved != null) {
      String[] names = saved.toArray(new String[0]);
      file.expressions("modules_to_save", () -> matcher(TargetSpec.builder().modulesToSave(names)));
    }
    List<String> lists = file.textOrTexts("layers_pattern");
    if (lists != null) {
      String[] names = lists.toArray(new String[0]);
      file.expressions(
          "layers_pattern", () -> matcher(TargetSpec.builder().layers(0).layersPattern(names)));
    }
  }

  /**
   * Tries a regular expression for whole paths.
   *
   * @throws IOException if it is none, naming file and key
   */
  public static void requireRegex(AdapterConfig file, String key, String regex) throws IOException {
    file.expressions(key, () -> matcher(TargetSpec.builder().targetRegex(regex)));
  }

  private static TargetMatcher matcher(TargetSpec.Builder spec) {
    return new TargetMatcher(spec.build().asFromFile());
  }

  /** Sets those of the keys that {@code tree}, which has all keys of a tuner, has. */
  public static void write(PeftConfig c, ObjectNode tree) {
    TargetSpec t = c.targets();
    if (t.targetRegex() != null) {
      tree.put("target_modules", t.targetRegex());
    } else if (t.allLinear()) {
      tree.put("target_modules", TargetSpec.ALL_LINEAR);
    } else {
      list(tree, "target_modules", t.targets());
    }
    if (t.excludeRegex() != null) {
      tree.put("exclude_modules", t.excludeRegex());
    } else {
      list(tree, "exclude_modules", t.exclude());
    }
    if (tree.has("modules_to_save")) {
      list(tree, "modules_to_save", c.allModulesToSave());
    }
    if (!t.layers().isEmpty()) {
      ArrayNode layers = tree.putArray("layers_to_transform");
      t.layers().forEach(layers::add);
    }
    list(tree, "layers_pattern", t.layersPattern());
    tree.put("task_type", c.taskType());
    tree.put("base_model_name_or_path", c.baseModel());
  }

  private static void list(ObjectNode tree, String key, List<String> values) {
    if (!values.isEmpty()) {
      values.forEach(tree.putArray(key)::add);
    } else if (tree.has(key)) {
      tree.putNull(key);
    }
  }
}
