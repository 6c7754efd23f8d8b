package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import dev.peft4j.target.SettingNames;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A tuner, as its annotation describes it.
 *
 * @param peftType peft's name
 * @param title the name for people
 * @param annotation the annotation's qualified name
 * @param config the class of its settings
 * @param layers the qualified names of the layers that it adapts; empty for all
 * @param members the annotation's members, in their order
 * @param others the qualified names of the annotations of other tuners that this one can ask for
 */
record TunerMirror(
    String peftType,
    String title,
    String annotation,
    ClassName config,
    List<String> layers,
    Map<String, Member> members,
    List<String> others) {

  TunerMirror {
    layers = List.copyOf(layers);
    others = List.copyOf(others);
  }

  /** Returns the settings of its own, in their order. */
  List<Member> settings() {
    return members.values().stream()
        .filter(
            m ->
                !SettingNames.common(m.name())
                    && (m.tuner().isEmpty() || m.tuner().equals(peftType)))
        .toList();
  }

  /** Returns whether it has a member, of its own or one that all tuners have. */
  boolean has(String member) {
    Member m = members.get(member);
    return m != null && (m.tuner().isEmpty() || m.tuner().equals(peftType));
  }

  /** Returns whether it adapts layers that targets name; else it adapts the whole model. */
  boolean hasTargets() {
    return has("target");
  }

  boolean named(String name) {
    return peftType.equals(name.toUpperCase(Locale.ROOT));
  }

  boolean adapts(Node node) {
    return switch (node.layer().certainty()) {
      case NONE -> false;
      case ANY -> true;
      case KNOWN -> layers.isEmpty() || layers.stream().anyMatch(node.layer().types()::contains);
    };
  }

  /** Returns the layers that it adapts, for messages: Linear and Conv2d do. */
  String layersDo() {
    return layers.isEmpty()
        ? simple(Universe.LAYERS, ", ", ", ") + " and classes that implement Adaptable do"
        : simple(layers, ", ", " and ") + (layers.size() == 1 ? " does" : " do");
  }

  /** Returns these for a sentence that says that there are none. */
  String someLayers() {
    return layers.isEmpty()
        ? "Linear, Embedding or Conv2d"
        : simple(
            layers.stream().filter(l -> !l.endsWith(".TransposedLinear")).toList(), ", ", " or ");
  }

  private static String simple(List<String> names, String between, String last) {
    List<String> simple =
        names.stream().map(name -> name.substring(name.lastIndexOf('.') + 1)).toList();
    int n = simple.size() - 1;
    return n < 1
        ? String.join("", simple)
        : simple.stream().limit(n).collect(Collectors.joining(between)) + last + simple.get(n);
  }
}
