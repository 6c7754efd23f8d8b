package dev.peft4j.processor;

import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.WildcardType;
import javax.lang.model.util.Elements;

/**
 * The uses in the generated class that the compiler warns about. A model may use what is deprecated
 * in a class around it, or in itself, without a warning; the generated class is outside.
 */
final class Uses {
  private final Elements elements;
  private boolean deprecated;
  private boolean removed;
  private boolean raw;

  Uses(Elements elements) {
    this.elements = elements;
  }

  void type(TypeMirror type) {
    if (type instanceof ArrayType array) {
      type(array.getComponentType());
    } else if (type instanceof WildcardType wildcard) {
      if (wildcard.getExtendsBound() != null) {
        type(wildcard.getExtendsBound());
      }
      if (wildcard.getSuperBound() != null) {
        type(wildcard.getSuperBound());
      }
    } else if (type.getKind() == TypeKind.DECLARED && type instanceof DeclaredType declared) {
      TypeElement element = Universe.element(declared);
      raw |= declared.getTypeArguments().isEmpty() && !element.getTypeParameters().isEmpty();
      element(element);
      declared.getTypeArguments().forEach(this::type);
      type(declared.getEnclosingType());
    }
  }

  /** Notes a class with those around it, or a member. */
  void element(Element element) {
    if (elements.isDeprecated(element)) {
      if (forRemoval(element)) {
        removed = true;
      } else {
        deprecated = true;
      }
    }
    if (element instanceof TypeElement && element.getEnclosingElement() instanceof TypeElement t) {
      element(t);
    }
  }

  static boolean forRemoval(Element element) {
    for (AnnotationMirror mirror : element.getAnnotationMirrors()) {
      if (Universe.name(mirror.getAnnotationType()).equals("java.lang.Deprecated")) {
        return mirror.getElementValues().entrySet().stream()
            .anyMatch(
                e ->
                    e.getKey().getSimpleName().contentEquals("forRemoval")
                        && Boolean.TRUE.equals(e.getValue().getValue()));
      }
    }
    return false;
  }

  boolean deprecated() {
    return deprecated;
  }

  boolean removed() {
    return removed;
  }

  boolean raw() {
    return raw;
  }
}
