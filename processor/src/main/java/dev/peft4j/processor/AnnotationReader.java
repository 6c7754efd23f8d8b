package dev.peft4j.processor;

import dev.peft4j.target.SettingNames;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.TypeKind;
import javax.lang.model.util.Elements;
import org.jspecify.annotations.Nullable;

/**
 * A reader of the annotations of tuners on a class, which also finds their values again to report a
 * problem there.
 */
final class AnnotationReader {
  private final TunerReader tuners;
  private final ValueReader values;
  private final List<AnnotationMirror> mirrors = new ArrayList<>();

  AnnotationReader(Elements elements, TypeElement type) {
    tuners = new TunerReader(elements);
    values = new ValueReader(elements);
    for (AnnotationMirror mirror : type.getAnnotationMirrors()) {
      if (mirror.getAnnotationType().getKind() != TypeKind.DECLARED) {
        continue;
      }
      TypeElement annotation = Universe.element(mirror.getAnnotationType());
      if (TunerReader.describes(annotation)) {
        mirrors.add(mirror);
      } else if (TunerReader.contained(annotation) != null) {
        AnnotationValue value = written(mirror, "value");
        if (value != null && value.getValue() instanceof List<?> list) {
          list.forEach(v -> mirrors.add((AnnotationMirror) ((AnnotationValue) v).getValue()));
        }
      }
    }
  }

  /**
   * Returns what the annotations say, in their order.
   *
   * @throws Universe.Unresolved if the class of a tuner's settings is not there yet
   */
  List<PeftSettings> read() {
    List<PeftSettings> all = new ArrayList<>();
    for (AnnotationMirror mirror : mirrors) {
      TunerMirror own = tuners.read(Universe.element(mirror.getAnnotationType()));
      Map<String, Value> read = values.all(mirror);
      Set<String> written = written(mirror);
      String asked =
          read.get(SettingNames.TUNER) instanceof Value.Text t ? t.text() : own.peftType();
      List<TunerMirror> others = tuners.others(own);
      TunerMirror tuner = others.stream().filter(t -> t.named(asked)).findFirst().orElse(own);
      Map<String, Value> meant = new LinkedHashMap<>();
      for (Member member : tuner.members().values()) {
        Value value = read.get(member.name());
        boolean given = tuner == own || written.contains(member.name());
        meant.put(member.name(), given && value != null ? value : member.usual());
      }
      // what all tuners have need not be declared by this one once more
      read.forEach(
          (name, value) -> {
            if (SettingNames.common(name)) {
              meant.putIfAbsent(name, value);
            }
          });
      all.add(new PeftSettings(all.size(), own, tuner, others, asked, written, meant));
    }
    return all;
  }

  /** Returns whether a value is a constant that does not exist yet; then nothing read counts. */
  boolean unresolved() {
    return values.unresolved();
  }

  /** Returns whether there are several annotations. */
  boolean repeated() {
    return mirrors.size() > 1;
  }

  /** Returns the first annotation as it is written. */
  String first() {
    String name = mirrors.isEmpty() ? "" : name(mirrors.get(0));
    return "@" + name.substring(name.lastIndexOf('.') + 1);
  }

  /** Returns the annotation that a site is in, or null for the class itself. */
  @Nullable AnnotationMirror mirror(Site site) {
    return site.adapter() < 0 ? null : mirrors.get(site.adapter());
  }

  /** Returns the qualified name of an annotation. */
  static String name(AnnotationMirror mirror) {
    return Universe.name(mirror.getAnnotationType());
  }

  /** Returns the index of an annotation among those of its type. */
  int ordinal(AnnotationMirror mirror) {
    int before = 0;
    for (AnnotationMirror each : mirrors) {
      if (each == mirror) {
        break;
      }
      before += name(each).equals(name(mirror)) ? 1 : 0;
    }
    return before;
  }

  /**
   * Returns the value at a site, or null if it is not written (a default) or the annotation itself.
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
}
