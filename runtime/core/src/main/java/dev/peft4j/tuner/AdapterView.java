package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleText;
import dev.peft4j.nn.OverlaySource;
import dev.peft4j.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/** A module with the adapters that a set has for it, as peft prints it. */
final class AdapterView implements OverlaySource.View {
  private final @Nullable String type;
  private final SequencedMap<String, TunerLayer> layers;
  private final List<String> saved;
  private final List<Parameter> parameters;

  private AdapterView(
      @Nullable String type,
      SequencedMap<String, TunerLayer> layers,
      List<String> saved,
      List<Parameter> parameters) {
    this.type = type;
    this.layers = layers;
    this.saved = saved;
    this.parameters = parameters;
  }

  /** The view of a module, or null if no adapter has anything for it. */
  static @Nullable AdapterView of(Module module, Iterable<AttachedAdapter> adapters) {
    SequencedMap<String, TunerLayer> layers = new LinkedHashMap<>();
    List<String> saved = new ArrayList<>();
    List<Parameter> parameters = new ArrayList<>();
    List<Parameter> own = new ArrayList<>(module.ownParameters().values());
    String type = null;
    for (AttachedAdapter a : adapters) {
      TunerLayer layer = a.of(module);
      if (layer != null) {
        type = layers.isEmpty() ? a.tuner().layerType(module) : type;
        layers.put(a.name(), layer);
        layer.parameters().forEach(e -> parameters.add(e.parameter()));
      }
      if (a.saved().containsValue(module)) {
        type = type == null ? "ModulesToSaveWrapper" : type;
        saved.add(a.name());
      }
      for (Parameter p : module.ownParameters().values()) {
        Parameter copy = a.copyOf(p);
        if (copy != null) {
          parameters.add(copy);
          if (a.saved().values().stream().noneMatch(m -> m.parameters().contains(p))) {
            own.remove(p); // a trained bias: peft has no second one
          }
        }
      }
    }
    parameters.addAll(0, own);
    return type == null && parameters.equals(List.copyOf(module.ownParameters().values()))
        ? null
        : new AdapterView(type, layers, saved, parameters);
  }

  @Override
  public @Nullable String type() {
    return type;
  }

  @Override
  public List<Parameter> parameters() {
    return List.copyOf(parameters);
  }

  @Override
  public String text(String own) {
    String text = layers.isEmpty() ? own : adapted(own);
    if (saved.isEmpty()) {
      return text;
    }
    SequencedMap<String, String> copies = new LinkedHashMap<>();
    saved.forEach(name -> copies.put(name, own));
    SequencedMap<String, String> parts = new LinkedHashMap<>();
    parts.put("original_module", text);
    parts.put("modules_to_save", ModuleText.block("ModuleDict", "", copies));
    return ModuleText.block("ModulesToSaveWrapper", "", parts);
  }

  private String adapted(String own) {
    SequencedMap<String, SequencedMap<String, String>> groups = new LinkedHashMap<>();
    SequencedMap<String, String> containers = new LinkedHashMap<>();
    layers.forEach(
        (name, layer) -> {
          for (TunerLayer.Part part : layer.parts()) {
            String group = part.name().substring(part.name().lastIndexOf('.') + 1);
            containers.put(group, part.container());
            SequencedMap<String, String> texts =
                groups.computeIfAbsent(group, g -> new LinkedHashMap<>());
            if (part.text() != null) {
              texts.put(name, part.text());
            }
          }
        });
    SequencedMap<String, String> parts = new LinkedHashMap<>();
    parts.put("base_layer", own);
    groups.forEach(
        (group, texts) -> parts.put(group, dictionary(containers.getOrDefault(group, ""), texts)));
    return layers.firstEntry().getValue().text(type == null ? "" : type, parts);
  }

  /** torch prints dictionaries of modules over several lines, those of parameters in one. */
  private static String dictionary(String container, SequencedMap<String, String> texts) {
    if (container.equals("ModuleDict")) {
      return ModuleText.block(container, "", texts);
    }
    List<String> entries = new ArrayList<>();
    texts.forEach((name, text) -> entries.add("  (" + name + "): " + text));
    return container + "(" + String.join("\n", entries) + ")";
  }
}
