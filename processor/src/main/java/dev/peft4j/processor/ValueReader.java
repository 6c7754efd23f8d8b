package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;

/** A reader of values of annotations that notes whether one of them does not exist yet. */
final class ValueReader {
  /** What javac puts in the place of a constant that it cannot resolve (yet). */
  private static final String ERROR = "<error>";

  private final Elements elements;
  private boolean unresolved;

  ValueReader(Elements elements) {
    this.elements = elements;
  }

  /** Returns whether a value is a constant that does not exist yet; then nothing read counts. */
  boolean unresolved() {
    return unresolved;
  }

  /** Returns all members of an annotation in their order, defaults included. */
  Map<String, Value> all(AnnotationMirror mirror) {
    Map<? extends ExecutableElement, ? extends AnnotationValue> values =
        elements.getElementValuesWithDefaults(mirror);
    Map<String, Value> all = new LinkedHashMap<>();
    for (ExecutableElement member :
        ElementFilter.methodsIn(mirror.getAnnotationType().asElement().getEnclosedElements())) {
      AnnotationValue value = values.get(member);
      if (value == null) { // the compiler says so
        unresolved = true;
      } else {
        all.put(member.getSimpleName().toString(), value(value, member.getReturnType()));
      }
    }
    return all;
  }

  private Value value(AnnotationValue value, TypeMirror type) {
    if ((type.getKind() == TypeKind.ARRAY) != (value.getValue() instanceof List<?>)
        || (type.getKind().isPrimitive() && value.getValue() instanceof String)) {
      unresolved = true;
    }
    Value read = value(value);
    return type instanceof ArrayType && !(read instanceof Value.Many)
        ? new Value.Many(List.of())
        : read;
  }

  Value value(AnnotationValue value) {
    Object o = value.getValue();
    if (o instanceof String s && !s.equals(ERROR)) {
      return new Value.Text(s);
    }
    if (o instanceof Number n) {
      return new Value.Num(n);
    }
    if (o instanceof Boolean b) {
      return new Value.Flag(b);
    }
    if (o instanceof VariableElement constant) {
      return new Value.Constant(
          ClassName.get(Universe.declaring(constant)), constant.getSimpleName().toString());
    }
    if (o instanceof AnnotationMirror nested) {
      return new Value.Entry(
          ClassName.get(Universe.element(nested.getAnnotationType())), all(nested));
    }
    if (o instanceof List<?> list) {
      List<Value> all = new ArrayList<>();
      list.forEach(v -> all.add(value((AnnotationValue) v)));
      return new Value.Many(all);
    }
    unresolved = true;
    return new Value.Text("");
  }
}
