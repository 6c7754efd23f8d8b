package dev.peft4j.processor;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ArrayTypeName;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeVariableName;
import com.palantir.javapoet.WildcardTypeName;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.TypeParameterElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.type.WildcardType;

/**
 * Types for the written code, under names that mean them there, with the annotations on them
 * ({@code @Nullable}), which JavaPoet leaves out.
 */
final class TypeNames {
  private final Scope scope;
  private final Uses uses;
  private final AnnotationCode annotations;

  TypeNames(Scope scope, Uses uses, Visibility visibility) {
    this.scope = scope;
    this.uses = uses;
    this.annotations = new AnnotationCode(this, scope, visibility);
  }

  Scope scope() {
    return scope;
  }

  Uses uses() {
    return uses;
  }

  AnnotationCode annotations() {
    return annotations;
  }

  /** Returns the name of a class of the runtime or of the JDK. */
  ClassName type(ClassName name) {
    return scope.type(name);
  }

  /** Does what {@link #type} does, where a static member follows. */
  CodeBlock expression(ClassName name) {
    return scope.expression(name);
  }

  /** Returns the model as it is written after extends. */
  TypeName header(DeclaredType model) {
    return parameterized(scope.header(ClassName.get(Universe.element(model))), model);
  }

  TypeName of(TypeMirror type) {
    return of(type, List.of(), List.of());
  }

  /**
   * Returns a parameter's type.
   *
   * @param written annotations that are written before the parameter, which some compilers also
   *     show on its type
   * @param added annotations that are written on the type, even if they are not shown there
   */
  TypeName of(
      TypeMirror type,
      List<? extends AnnotationMirror> written,
      List<? extends AnnotationMirror> added) {
    uses.type(type);
    return name(type, written, added);
  }

  private TypeName name(TypeMirror type) {
    return name(type, List.of(), List.of());
  }

  private TypeName name(
      TypeMirror type,
      List<? extends AnnotationMirror> written,
      List<? extends AnnotationMirror> added) {
    List<AnnotationSpec> specs = new ArrayList<>();
    boolean innermost = !(type instanceof ArrayType);
    for (AnnotationMirror mirror : type.getAnnotationMirrors()) {
      boolean again = innermost && (has(written, mirror) || has(added, mirror));
      if (!again && annotations.usable(mirror)) {
        specs.add(annotations.of(mirror));
      }
    }
    if (type instanceof ArrayType array) {
      TypeName plain = ArrayTypeName.of(name(array.getComponentType(), written, added));
      return specs.isEmpty() ? plain : plain.annotated(specs);
    }
    added.forEach(mirror -> specs.add(annotations.of(mirror)));
    if (!specs.isEmpty()
        && type instanceof DeclaredType declared
        && type.getKind() == TypeKind.DECLARED
        && declared.getEnclosingType().getKind() == TypeKind.NONE) {
      return annotated(specs, declared);
    }
    TypeName plain = plain(type);
    return specs.isEmpty() ? plain : plain.annotated(specs);
  }

  /**
   * Returns the type with annotations where they belong: {@code java.util.@Nullable List<String>}.
   */
  private TypeName annotated(List<AnnotationSpec> specs, DeclaredType type) {
    String name = scope.type(ClassName.get(Universe.element(type))).canonicalName();
    int last = name.lastIndexOf('.') + 1;
    String before = specs.stream().map(spec -> spec + " ").collect(Collectors.joining());
    String arguments =
        type.getTypeArguments().stream()
            .map(argument -> name(argument).toString())
            .collect(Collectors.joining(", "));
    // JavaPoet puts a blank before annotations that follow a dot, but leaves variables alone
    return TypeVariableName.get(
        name.substring(0, last)
            + before
            + name.substring(last)
            + (arguments.isEmpty() ? "" : "<" + arguments + ">"));
  }

  private TypeName parameterized(ClassName name, DeclaredType type) {
    TypeName[] arguments =
        type.getTypeArguments().stream().map(this::name).toArray(TypeName[]::new);
    return arguments.length == 0 ? name : ParameterizedTypeName.get(name, arguments);
  }

  private static boolean has(List<? extends AnnotationMirror> all, AnnotationMirror mirror) {
    String name = mirror.getAnnotationType().toString();
    return all.stream().anyMatch(a -> a.getAnnotationType().toString().equals(name));
  }

  private TypeName plain(TypeMirror type) {
    if (type.getKind() == TypeKind.DECLARED && type instanceof DeclaredType declared) {
      if (declared.getEnclosingType() instanceof DeclaredType outer
          && plain(outer) instanceof ParameterizedTypeName generic) {
        return generic.nestedClass(
            Universe.element(declared).getSimpleName().toString(),
            declared.getTypeArguments().stream().map(this::name).toList());
      }
      return parameterized(scope.type(ClassName.get(Universe.element(declared))), declared);
    }
    if (type instanceof TypeVariable variable) {
      return TypeVariableName.get(variable.asElement().getSimpleName().toString());
    }
    if (type instanceof WildcardType wildcard) {
      if (wildcard.getExtendsBound() != null) {
        return WildcardTypeName.subtypeOf(name(wildcard.getExtendsBound()));
      }
      return wildcard.getSuperBound() != null
          ? WildcardTypeName.supertypeOf(name(wildcard.getSuperBound()))
          : WildcardTypeName.subtypeOf(Object.class);
    }
    return TypeName.get(type);
  }

  /** Returns type variables with their bounds. */
  List<TypeVariableName> variables(List<? extends TypeParameterElement> parameters) {
    List<TypeVariableName> variables = new ArrayList<>();
    for (TypeParameterElement parameter : parameters) {
      List<TypeName> bounds = new ArrayList<>();
      for (TypeMirror bound : parameter.getBounds()) {
        boolean implied =
            bound.getAnnotationMirrors().isEmpty() && bound.toString().equals("java.lang.Object");
        if (!implied) {
          bounds.add(of(bound));
        }
      }
      variables.add(
          TypeVariableName.get(
              parameter.getSimpleName().toString(), bounds.toArray(TypeName[]::new)));
    }
    return variables;
  }
}
