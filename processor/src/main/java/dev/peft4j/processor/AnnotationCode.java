package dev.peft4j.processor;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import java.util.List;
import java.util.Map;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/** Annotations of the model's constructors and their parameters, for the written code. */
final class AnnotationCode {
  private final TypeNames names;
  private final Scope scope;
  private final Visibility visibility;

  AnnotationCode(TypeNames names, Scope scope, Visibility visibility) {
    this.names = names;
    this.scope = scope;
    this.visibility = visibility;
  }

  /**
   * Returns whether an annotation can be written in the generated class and means the same there.
   */
  boolean usable(AnnotationMirror mirror) {
    DeclaredType type = mirror.getAnnotationType();
    if (type.getKind() != TypeKind.DECLARED) {
      return false;
    }
    // what Kotlin's compiler tells itself does not concern Java, and Lombok is done with its own
    String name = Universe.name(type);
    return !name.startsWith("kotlin.")
        && !name.startsWith("lombok.")
        && nameable(type)
        && mirror.getElementValues().values().stream().allMatch(v -> visible(v.getValue()));
  }

  private boolean nameable(TypeMirror type) {
    TypeMirror element = type;
    while (element instanceof ArrayType array) {
      element = array.getComponentType();
    }
    return element.getKind() != TypeKind.DECLARED
        || (visibility.hiddenPart(element) == null
            && scope.nameable(ClassName.get(Universe.element((DeclaredType) element))));
  }

  private boolean visible(@Nullable Object value) {
    if (value instanceof TypeMirror type) {
      return type.getKind() != TypeKind.ERROR && nameable(type);
    }
    if (value instanceof VariableElement constant) {
      TypeElement declaring = Universe.declaring(constant);
      return visibility.hidden(declaring).isEmpty()
          && !obscuredInside(declaring)
          && scope.expressible(ClassName.get(declaring));
    }
    if (value instanceof AnnotationMirror nested) {
      return usable(nested);
    }
    return !(value instanceof List<?> list)
        || list.stream().allMatch(v -> visible(((AnnotationValue) v).getValue()));
  }

  /** Returns whether a class around a nested one has a field of its name. */
  private static boolean obscuredInside(TypeElement type) {
    for (Element e = type; e.getEnclosingElement() instanceof TypeElement outer; e = outer) {
      var name = e.getSimpleName();
      if (ElementFilter.fieldsIn(outer.getEnclosedElements()).stream()
          .anyMatch(f -> f.getSimpleName().equals(name))) {
        return true;
      }
    }
    return false;
  }

  AnnotationSpec of(AnnotationMirror mirror) {
    TypeElement type = Universe.element(mirror.getAnnotationType());
    return of(mirror, scope.type(ClassName.get(type)));
  }

  /** Returns the same for the header of the class. */
  AnnotationSpec inHeader(AnnotationMirror mirror) {
    TypeElement type = Universe.element(mirror.getAnnotationType());
    return of(mirror, scope.header(ClassName.get(type)));
  }

  private AnnotationSpec of(AnnotationMirror mirror, ClassName written) {
    names.uses().element(Universe.element(mirror.getAnnotationType()));
    AnnotationSpec.Builder spec = AnnotationSpec.builder(written);
    for (Map.Entry<? extends ExecutableElement, ? extends AnnotationValue> e :
        mirror.getElementValues().entrySet()) {
      names.uses().element(e.getKey());
      String name = e.getKey().getSimpleName().toString();
      Object value = e.getValue().getValue();
      if (!(value instanceof List<?> list)) {
        spec.addMember(name, value(value));
      } else if (list.isEmpty()) {
        spec.addMember(name, "{}");
      } else {
        list.forEach(v -> spec.addMember(name, value(((AnnotationValue) v).getValue())));
      }
    }
    return spec.build();
  }

  private CodeBlock value(Object value) {
    if (value instanceof TypeMirror type) {
      return CodeBlock.of("$T.class", names.of(type));
    }
    if (value instanceof VariableElement constant) {
      TypeElement type = Universe.declaring(constant);
      names.uses().element(type);
      names.uses().element(constant);
      return CodeBlock.of(
          "$L.$L", scope.expression(ClassName.get(type)), constant.getSimpleName().toString());
    }
    if (value instanceof AnnotationMirror nested) {
      return CodeBlock.of("$L", of(nested));
    }
    if (value instanceof Character c) {
      return CodeBlock.of("$L", literal(c));
    }
    if (value instanceof Float f) {
      return CodeBlock.of("$L", literal(f, "f"));
    }
    if (value instanceof Double d) {
      return CodeBlock.of("$L", literal(d, ""));
    }
    return value instanceof Long ? CodeBlock.of("$LL", value) : constant(value);
  }

  private static CodeBlock constant(Object value) {
    return CodeBlock.of(value instanceof String ? "$S" : "$L", value);
  }

  private static String literal(char c) {
    return switch (c) {
      case '\'', '\\' -> "'\\" + c + "'";
      case '\n' -> "'\\n'";
      case '\r' -> "'\\r'";
      default -> c >= ' ' && c < 127 ? "'" + c + "'" : "'\\u%04x'".formatted((int) c);
    };
  }

  /** Returns the code of a number; those without a literal (NaN, infinity) are expressions. */
  private static String literal(Number number, String suffix) {
    double value = number.doubleValue();
    return Double.isNaN(value)
        ? "0.0%1$s / 0.0%1$s".formatted(suffix)
        : Double.isInfinite(value)
            ? "%2$s1.0%1$s / 0.0%1$s".formatted(suffix, value < 0 ? "-" : "")
            : number + suffix;
  }
}
