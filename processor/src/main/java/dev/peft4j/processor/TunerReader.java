package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import org.jspecify.annotations.Nullable;

/** A reader of what the annotations of tuners say about these. */
final class TunerReader {
  private static final String DESCRIPTOR = "dev.peft4j.annotation.TunerDescriptor";
  private static final String SETTING = "dev.peft4j.annotation.Setting";

  private final Elements elements;
  private final Map<String, TunerMirror> known = new HashMap<>();

  TunerReader(Elements elements) {
    this.elements = elements;
  }

  /** Returns whether an annotation is that of a tuner. */
  static boolean describes(Element annotation) {
    return mirror(annotation, DESCRIPTOR) != null;
  }

  /** Returns the annotation that a container is for, if that is one of a tuner; else null. */
  static @Nullable TypeElement contained(Element annotation) {
    for (ExecutableElement member : ElementFilter.methodsIn(annotation.getEnclosedElements())) {
      if (member.getSimpleName().contentEquals("value")
          && member.getReturnType() instanceof ArrayType array
          && array.getComponentType() instanceof DeclaredType type
          && type.getKind() == TypeKind.DECLARED
          && describes(type.asElement())) {
        return Universe.element(type);
      }
    }
    return null;
  }

  /** Returns the tuner of an annotation that describes one. */
  TunerMirror read(TypeElement annotation) {
    return known.computeIfAbsent(
        annotation.getQualifiedName().toString(), name -> tuner(annotation));
  }

  /**
   * Returns the tuners that an annotation can ask for besides its own, as far as they can be seen.
   */
  List<TunerMirror> others(TunerMirror tuner) {
    List<TunerMirror> found = new ArrayList<>();
    for (String name : tuner.others()) {
      TypeElement other = elements.getTypeElement(name);
      if (other != null && describes(other)) {
        found.add(read(other));
      }
    }
    return found;
  }

  private TunerMirror tuner(TypeElement annotation) {
    Map<String, AnnotationValue> d = values(mirror(annotation, DESCRIPTOR));
    String name = annotation.getSimpleName().toString();
    String title = text(d, "title");
    Map<String, Member> members = new LinkedHashMap<>();
    for (ExecutableElement member : ElementFilter.methodsIn(annotation.getEnclosedElements())) {
      members.put(member.getSimpleName().toString(), member(member));
    }
    return new TunerMirror(
        text(d, "peftType"),
        title.isEmpty() ? name : title,
        annotation.getQualifiedName().toString(),
        config(d),
        classes(d.get("layers")),
        members,
        texts(d, "others"));
  }

  private ClassName config(Map<String, AnnotationValue> d) {
    AnnotationValue type = d.get("config");
    if (type != null
        && type.getValue() instanceof DeclaredType declared
        && declared.getKind() == TypeKind.DECLARED) {
      return ClassName.get(Universe.element(declared));
    }
    String name = text(d, "configName");
    if (name.isEmpty()) {
      throw new Universe.Unresolved("the class of a tuner's settings");
    }
    TypeElement found = elements.getTypeElement(name);
    return found == null ? ClassName.bestGuess(name) : ClassName.get(found);
  }

  private static List<String> classes(@Nullable AnnotationValue value) {
    List<String> names = new ArrayList<>();
    if (value != null && value.getValue() instanceof List<?> list) {
      for (Object each : list) {
        if (((AnnotationValue) each).getValue() instanceof DeclaredType type) {
          names.add(Universe.name(type));
        }
      }
    }
    return names;
  }

  private Member member(ExecutableElement method) {
    Map<String, AnnotationValue> s = values(mirror(method, SETTING));
    String name = method.getSimpleName().toString();
    TypeMirror type = method.getReturnType();
    TypeMirror element = type instanceof ArrayType array ? array.getComponentType() : type;
    Map<String, Member> inner = new LinkedHashMap<>();
    if (element instanceof DeclaredType declared
        && declared.asElement().getKind() == ElementKind.ANNOTATION_TYPE) {
      for (ExecutableElement each :
          ElementFilter.methodsIn(declared.asElement().getEnclosedElements())) {
        inner.put(each.getSimpleName().toString(), member(each));
      }
    }
    Member.Range range =
        s.isEmpty()
            ? Member.Range.ALL
            : new Member.Range(
                number(s, "min"), number(s, "max"), number(s, "above"), number(s, "below"));
    String setter = text(s, "setter");
    AnnotationValue names = s.get("names");
    return new Member(
        name,
        type.getKind() == TypeKind.ARRAY,
        method.getDefaultValue() == null
            ? new Value.Text("")
            : new ValueReader(elements).value(method.getDefaultValue()),
        range,
        texts(s, "oneOf"),
        texts(s, "goesWith"),
        text(s, "evenWith"),
        names == null ? Member.Names.NOTHING : Member.Names.valueOf(constant(names)),
        setter.isEmpty() ? name : setter,
        text(s, "tuner"),
        inner);
  }

  private static String constant(AnnotationValue value) {
    return value.getValue() instanceof Element e ? e.getSimpleName().toString() : "NOTHING";
  }

  private Map<String, AnnotationValue> values(@Nullable AnnotationMirror mirror) {
    Map<String, AnnotationValue> values = new HashMap<>();
    if (mirror != null) {
      elements
          .getElementValuesWithDefaults(mirror)
          .forEach((member, value) -> values.put(member.getSimpleName().toString(), value));
    }
    return values;
  }

  private static String text(Map<String, AnnotationValue> values, String member) {
    AnnotationValue value = values.get(member);
    return value != null && value.getValue() instanceof String s ? s : "";
  }

  private static double number(Map<String, AnnotationValue> values, String member) {
    AnnotationValue value = values.get(member);
    return value != null && value.getValue() instanceof Number n ? n.doubleValue() : 0;
  }

  private static List<String> texts(Map<String, AnnotationValue> values, String member) {
    AnnotationValue value = values.get(member);
    List<String> texts = new ArrayList<>();
    if (value != null && value.getValue() instanceof List<?> list) {
      list.forEach(v -> texts.add(String.valueOf(((AnnotationValue) v).getValue())));
    }
    return texts;
  }

  private static @Nullable AnnotationMirror mirror(Element element, String annotation) {
    for (AnnotationMirror mirror : element.getAnnotationMirrors()) {
      if (mirror.getAnnotationType().getKind() == TypeKind.DECLARED
          && Universe.name(mirror.getAnnotationType()).equals(annotation)) {
        return mirror;
      }
    }
    return null;
  }
}
