package dev.peft4j.processor;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ArrayTypeName;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeVariableName;
import com.palantir.javapoet.WildcardTypeName;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.TypeParameterElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.WildcardType;

/**
 * Types for the written code, with the annotations on them ({@code @Nullable}), which JavaPoet
 * leaves out.
 */
final class TypeNames {
  private final Predicate<AnnotationMirror> usable;

  /**
   * @param usable which annotations may be written
   */
  TypeNames(Predicate<AnnotationMirror> usable) {
    this.usable = usable;
  }

  TypeName of(TypeMirror type) {
    return of(type, List.of());
  }

  /**
   * A parameter's type.
   *
   * @param declared the annotations of the parameter itself, which some compilers also show on its
   *     type
   */
  TypeName of(TypeMirror type, List<? extends AnnotationMirror> declared) {
    Set<String> written =
        declared.stream().map(a -> a.getAnnotationType().toString()).collect(Collectors.toSet());
    List<AnnotationSpec> annotations =
        type.getAnnotationMirrors().stream()
            .filter(usable)
            .filter(a -> !written.contains(a.getAnnotationType().toString()))
            .map(AnnotationSpec::get)
            .toList();
    TypeName plain = plain(type);
    return annotations.isEmpty() ? plain : plain.annotated(annotations);
  }

  private TypeName plain(TypeMirror type) {
    if (type instanceof ArrayType array) {
      return ArrayTypeName.of(of(array.getComponentType()));
    }
    if (type.getKind() == TypeKind.DECLARED && type instanceof DeclaredType declared) {
      boolean inGeneric =
          declared.getEnclosingType() instanceof DeclaredType outer
              && !outer.getTypeArguments().isEmpty();
      if (!declared.getTypeArguments().isEmpty() && !inGeneric) {
        TypeName[] arguments =
            declared.getTypeArguments().stream().map(this::of).toArray(TypeName[]::new);
        return ParameterizedTypeName.get(
            ClassName.get((TypeElement) declared.asElement()), arguments);
      }
    }
    if (type instanceof WildcardType wildcard) {
      if (wildcard.getExtendsBound() != null) {
        return WildcardTypeName.subtypeOf(of(wildcard.getExtendsBound()));
      }
      if (wildcard.getSuperBound() != null) {
        return WildcardTypeName.supertypeOf(of(wildcard.getSuperBound()));
      }
    }
    return TypeName.get(type);
  }

  /** Type variables with their bounds. */
  List<TypeVariableName> variables(List<? extends TypeParameterElement> parameters) {
    List<TypeVariableName> variables = new ArrayList<>();
    for (TypeParameterElement parameter : parameters) {
      TypeName[] bounds = parameter.getBounds().stream().map(this::of).toArray(TypeName[]::new);
      variables.add(TypeVariableName.get(parameter.getSimpleName().toString(), bounds));
    }
    return variables;
  }
}
