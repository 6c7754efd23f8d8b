package dev.peft4j.processor;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.util.Elements;
import org.jspecify.annotations.Nullable;

/**
 * Reads the {@code @Peft}s of a class, and finds their values again when a problem is to be shown.
 */
final class AnnotationReader {
  static final String PEFT = "dev.peft4j.annotation.Peft";
  static final String PEFT_LIST = PEFT + ".List";

  /** What javac puts in the place of a constant that it cannot resolve (yet). */
  private static final String ERROR = "<error>";

  private final Elements elements;
  private final List<AnnotationMirror> mirrors = new ArrayList<>();
  private boolean unresolved;

  AnnotationReader(Elements elements, TypeElement type) {
    this.elements = elements;
    for (AnnotationMirror mirror : type.getAnnotationMirrors()) {
      String name =
          ((TypeElement) mirror.getAnnotationType().asElement()).getQualifiedName().toString();
      if (name.equals(PEFT)) {
        mirrors.add(mirror);
      } else if (name.equals(PEFT_LIST)) {
        values(mirror, "value").forEach(v -> mirrors.add((AnnotationMirror) v.getValue()));
      }
    }
  }

  List<PeftSettings> read() {
    List<PeftSettings> all = new ArrayList<>();
    for (AnnotationMirror mirror : mirrors) {
      all.add(
          new PeftSettings(
              all.size(),
              written(mirror),
              strings(mirror, "target"),
              string(mirror, "targetRegex"),
              strings(mirror, "exclude"),
              string(mirror, "excludeRegex"),
              (int) number(mirror, "r"),
              number(mirror, "alpha"),
              number(mirror, "dropout"),
              constant(mirror, "bias"),
              flag(mirror, "rslora"),
              flag(mirror, "dora"),
              flag(mirror, "loraBias"),
              constant(mirror, "init"),
              (int) number(mirror, "pissaIterations"),
              strings(mirror, "modulesToSave"),
              tokens(mirror),
              flag(mirror, "ensureWeightTying"),
              patterns(mirror, "rankPattern", "r"),
              patterns(mirror, "alphaPattern", "alpha"),
              integers(mirror, "layers"),
              strings(mirror, "layersPattern"),
              string(mirror, "adapter"),
              string(mirror, "tuner"),
              strings(mirror, "feedforward"),
              string(mirror, "feedforwardRegex"),
              string(mirror, "taskType"),
              string(mirror, "className")));
    }
    return all;
  }

  /** Whether a value is a constant that is not there yet; then nothing that was read counts. */
  boolean unresolved() {
    return unresolved;
  }

  /** Whether there are several annotations. */
  boolean repeated() {
    return mirrors.size() > 1;
  }

  /** The annotation that a site is in, or null for the class itself. */
  @Nullable AnnotationMirror mirror(Site site) {
    return site.adapter() < 0 ? null : mirrors.get(site.adapter());
  }

  /**
   * The value that a site is, or null if it is not written (a default) or the annotation itself.
   */
  @Nullable AnnotationValue value(Site site) {
    AnnotationMirror mirror = mirror(site);
    if (mirror == null || site.member().isEmpty()) {
      return null;
    }
    AnnotationValue value = written(mirror, site.member());
    if (value != null
        && site.index() >= 0
        && value.getValue() instanceof List<?> list
        && site.index() < list.size()) {
      value = (AnnotationValue) list.get(site.index());
      if (!site.inner().isEmpty() && value.getValue() instanceof AnnotationMirror nested) {
        AnnotationValue inner = written(nested, site.inner());
        return inner == null ? value : inner;
      }
    }
    return value;
  }

  private static Set<String> written(AnnotationMirror mirror) {
    return mirror.getElementValues().keySet().stream()
        .map(member -> member.getSimpleName().toString())
        .collect(Collectors.toUnmodifiableSet());
  }

  private static @Nullable AnnotationValue written(AnnotationMirror mirror, String member) {
    for (Map.Entry<? extends ExecutableElement, ? extends AnnotationValue> e :
        mirror.getElementValues().entrySet()) {
      if (e.getKey().getSimpleName().contentEquals(member)) {
        return e.getValue();
      }
    }
    return null;
  }

  private AnnotationValue value(AnnotationMirror mirror, String member) {
    for (Map.Entry<? extends ExecutableElement, ? extends AnnotationValue> e :
        elements.getElementValuesWithDefaults(mirror).entrySet()) {
      if (e.getKey().getSimpleName().contentEquals(member)) {
        return e.getValue();
      }
    }
    throw new IllegalStateException(
        "@%s has no member %s: peft4j-annotations and peft4j-processor are of different versions"
            .formatted(mirror.getAnnotationType(), member));
  }

  private List<AnnotationValue> values(AnnotationMirror mirror, String member) {
    List<AnnotationValue> values = new ArrayList<>();
    if (value(mirror, member).getValue() instanceof List<?> list) {
      list.forEach(v -> values.add((AnnotationValue) v));
    } else {
      unresolved = true;
    }
    return values;
  }

  private List<String> strings(AnnotationMirror mirror, String member) {
    return values(mirror, member).stream().map(this::string).toList();
  }

  private String string(AnnotationMirror mirror, String member) {
    return string(value(mirror, member));
  }

  private String string(AnnotationValue value) {
    if (value.getValue() instanceof String s && !s.equals(ERROR)) {
      return s;
    }
    unresolved = true;
    return "";
  }

  private double number(AnnotationMirror mirror, String member) {
    return number(value(mirror, member));
  }

  private double number(AnnotationValue value) {
    if (value.getValue() instanceof Number n) {
      return n.doubleValue();
    }
    unresolved = true;
    return 0;
  }

  private boolean flag(AnnotationMirror mirror, String member) {
    return value(mirror, member).getValue() instanceof Boolean b && b;
  }

  private List<Integer> integers(AnnotationMirror mirror, String member) {
    return values(mirror, member).stream().map(v -> (int) number(v)).toList();
  }

  private List<PeftSettings.Tokens> tokens(AnnotationMirror mirror) {
    List<PeftSettings.Tokens> tokens = new ArrayList<>();
    for (AnnotationValue entry : values(mirror, "trainableTokens")) {
      if (entry.getValue() instanceof AnnotationMirror nested) {
        tokens.add(new PeftSettings.Tokens(string(nested, "embedding"), integers(nested, "ids")));
      } else {
        unresolved = true;
      }
    }
    return tokens;
  }

  private String constant(AnnotationMirror mirror, String member) {
    if (value(mirror, member).getValue() instanceof VariableElement constant) {
      return constant.getSimpleName().toString();
    }
    unresolved = true;
    return "";
  }

  private List<PeftSettings.Pattern> patterns(AnnotationMirror mirror, String member, String of) {
    List<PeftSettings.Pattern> patterns = new ArrayList<>();
    for (AnnotationValue entry : values(mirror, member)) {
      if (entry.getValue() instanceof AnnotationMirror nested) {
        patterns.add(new PeftSettings.Pattern(string(nested, "key"), number(nested, of)));
      } else {
        unresolved = true;
      }
    }
    return patterns;
  }
}
