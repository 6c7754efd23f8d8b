package dev.peft4j.processor;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.ParameterSpec;
import com.palantir.javapoet.TypeName;
import dev.peft4j.processor.ModelSpec.ConstructorSpec;
import dev.peft4j.processor.ModelSpec.OverrideSpec;
import java.lang.annotation.ElementType;
import java.lang.annotation.Target;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.Parameterizable;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.ExecutableType;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/** A reader of an annotated class itself: its constructors, and the methods to choose. */
final class ModelReader {
  private static final ClassName DEPRECATED = ClassName.get(Deprecated.class);

  private final Universe universe;
  private final Visibility visibility;
  private final TypeElement peftModel;
  private final TypeNames names;
  private final Consumer<Problem> problems;

  ModelReader(
      Universe universe,
      Visibility visibility,
      TypeElement peftModel,
      TypeNames names,
      Consumer<Problem> problems) {
    this.universe = universe;
    this.visibility = visibility;
    this.peftModel = peftModel;
    this.names = names;
    this.problems = problems;
  }

  /**
   * Reads the class.
   *
   * @param simpleName the simple name of the class to write
   */
  ModelSpec read(TypeElement model, String simpleName) {
    boolean isPublic = true;
    for (Element e = model; e instanceof TypeElement type; e = e.getEnclosingElement()) {
      isPublic &= type.getModifiers().contains(Modifier.PUBLIC);
    }
    var methods = new MethodChecks(universe, peftModel, problems);
    methods.check(model);
    checkBounds(model);
    List<String> suppressed = suppressed(model);
    suppressed.removeIf(warning -> warning.startsWith("PEFT") || warning.startsWith("<"));
    suppressed.addAll(methods.warnings());
    if (universe.supertype((DeclaredType) model.asType(), "java.io.Serializable") != null) {
      suppressed.add("serial"); // the adapters cannot be serialized
    }
    return new ModelSpec(
        names.of(model.asType()),
        names.header((DeclaredType) model.asType()),
        Universe.shortName(model),
        ClassName.get(universe.home().getQualifiedName().toString(), simpleName),
        isPublic,
        deprecated(model),
        suppressed,
        names.variables(model.getTypeParameters()),
        constructors(model),
        overrides(model),
        attachName(model));
  }

  /** Returns the warnings that a class and those around it suppress. */
  static List<String> suppressed(TypeElement model) {
    List<String> all = new ArrayList<>();
    for (Element e = model; e instanceof TypeElement; e = e.getEnclosingElement()) {
      SuppressWarnings annotation = e.getAnnotation(SuppressWarnings.class);
      if (annotation != null) {
        all.addAll(List.of(annotation.value()));
      }
    }
    return all;
  }

  private @Nullable AnnotationSpec deprecated(TypeElement model) {
    for (AnnotationMirror mirror : model.getAnnotationMirrors()) {
      if (Universe.name(mirror.getAnnotationType()).equals(DEPRECATED.canonicalName())) {
        return names.scope().nameableInHeader(DEPRECATED)
            ? names.annotations().inHeader(mirror)
            : null;
      }
    }
    return universe.elements.isDeprecated(model) && names.scope().nameableInHeader(DEPRECATED)
        ? AnnotationSpec.builder(names.scope().header(DEPRECATED)).build()
        : null;
  }

  private void checkBounds(Parameterizable element) {
    String hidden = hiddenBound(element);
    if (hidden != null) {
      report(
          Diagnostic.NOT_NAMEABLE,
          "The adapted class",
          hidden,
          "it cannot be seen from there",
          "Make it at least package-private");
    }
  }

  private @Nullable String hiddenBound(Parameterizable element) {
    return element.getTypeParameters().stream()
        .flatMap(p -> p.getBounds().stream())
        .map(visibility::hiddenPart)
        .filter(part -> part != null)
        .findFirst()
        .orElse(null);
  }

  private List<ConstructorSpec> constructors(TypeElement model) {
    List<ConstructorSpec> constructors = new ArrayList<>();
    for (ExecutableElement constructor :
        ElementFilter.constructorsIn(model.getEnclosedElements())) {
      if (constructor.getModifiers().contains(Modifier.PRIVATE)) {
        continue;
      }
      constructor.getParameters().forEach(p -> universe.requireResolved(p.asType(), p));
      constructor.getThrownTypes().forEach(t -> universe.requireResolved(t, constructor));
      String hidden =
          constructor.getParameters().stream()
              .map(p -> visibility.hiddenPart(p.asType()))
              .filter(part -> part != null)
              .findFirst()
              .orElseGet(() -> hiddenBound(constructor));
      if (hidden == null) {
        called(constructor);
        constructors.add(constructor(constructor));
      } else {
        report(Diagnostic.CONSTRUCTOR_SKIPPED, constructor.toString(), hidden);
      }
    }
    if (constructors.isEmpty()) {
      report(Diagnostic.NO_VISIBLE_CONSTRUCTOR, Universe.shortName(model));
    }
    return constructors;
  }

  /**
   * Notes the use of a constructor; in deprecated code javac warns only of what is to be removed.
   */
  private void called(ExecutableElement constructor) {
    boolean marked =
        constructor.getAnnotationMirrors().stream()
            .filter(names.annotations()::usable)
            .anyMatch(m -> Universe.name(m.getAnnotationType()).equals(DEPRECATED.canonicalName()));
    if (Uses.forRemoval(constructor) || !marked) {
      names.uses().element(constructor);
    }
  }

  private ConstructorSpec constructor(ExecutableElement constructor) {
    Set<Modifier> modifiers = constructor.getModifiers();
    String doc = universe.elements.getDocComment(constructor);
    return new ConstructorSpec(
        modifiers.contains(Modifier.PUBLIC)
            ? "public"
            : modifiers.contains(Modifier.PROTECTED) ? "protected" : "",
        names.variables(constructor.getTypeParameters()),
        parameters(constructor, null),
        constructor.isVarArgs(),
        exceptions(constructor),
        annotations(constructor),
        doc == null ? "" : doc(doc));
  }

  /** Returns what is thrown; for an exception that is not visible there, the next one above it. */
  private List<TypeName> exceptions(ExecutableElement constructor) {
    Set<TypeName> exceptions = new LinkedHashSet<>();
    for (TypeMirror thrown : constructor.getThrownTypes()) {
      TypeMirror seen = thrown;
      while (seen instanceof DeclaredType declared && visibility.hiddenPart(declared) != null) {
        seen = universe.superclassOf(declared);
      }
      if (seen != null && (seen == thrown || universe.checked(thrown))) {
        exceptions.add(names.of(seen));
      }
    }
    return List.copyOf(exceptions);
  }

  /** Returns a comment without the space that each of its lines begins with. */
  private static String doc(String comment) {
    return comment
        .lines()
        .map(line -> line.startsWith(" ") ? line.substring(1) : line)
        .collect(Collectors.joining("\n"))
        .replace("*/", "*&#47;")
        .replace("\\u", "&#92;u")
        .strip();
  }

  private List<ParameterSpec> parameters(ExecutableElement method, @Nullable ExecutableType seen) {
    List<ParameterSpec> parameters = new ArrayList<>();
    for (int i = 0; i < method.getParameters().size(); i++) {
      VariableElement parameter = method.getParameters().get(i);
      TypeMirror type = seen == null ? parameter.asType() : seen.getParameterTypes().get(i);
      // annotations that are allowed on types are written there: before a qualified name it would
      // be on the package
      List<AnnotationMirror> before = new ArrayList<>();
      List<AnnotationMirror> onType = new ArrayList<>();
      for (AnnotationMirror mirror : parameter.getAnnotationMirrors()) {
        if (names.annotations().usable(mirror)) {
          (mayBeOnType(mirror) ? onType : before).add(mirror);
        }
      }
      parameters.add(
          ParameterSpec.builder(
                  names.of(type, before, onType), parameter.getSimpleName().toString())
              .addAnnotations(before.stream().map(names.annotations()::of).toList())
              .build());
    }
    return parameters;
  }

  private static boolean mayBeOnType(AnnotationMirror mirror) {
    Target target = mirror.getAnnotationType().asElement().getAnnotation(Target.class);
    return target != null && List.of(target.value()).contains(ElementType.TYPE_USE);
  }

  private List<AnnotationSpec> annotations(Element element) {
    return element.getAnnotationMirrors().stream()
        .filter(names.annotations()::usable)
        .map(names.annotations()::of)
        .toList();
  }

  /**
   * Returns the default methods of PeftModel that Module has too: a class's own would win over an
   * interface's.
   */
  private List<OverrideSpec> overrides(TypeElement model) {
    List<OverrideSpec> overrides = new ArrayList<>();
    DeclaredType module = universe.superclass((DeclaredType) model.asType(), Universe.MODULE);
    if (module == null) {
      return overrides;
    }
    for (ExecutableElement method :
        ElementFilter.methodsIn(universe.elements.getAllMembers(peftModel))) {
      if (!method.isDefault()) {
        continue;
      }
      ExecutableElement own = universe.sameSignature(method, peftModel, Universe.element(module));
      if (own != null && !own.getModifiers().contains(Modifier.FINAL)) {
        ExecutableType seen =
            (ExecutableType) universe.types.asMemberOf((DeclaredType) peftModel.asType(), method);
        overrides.add(
            new OverrideSpec(
                method.getSimpleName().toString(),
                names.variables(method.getTypeParameters()),
                names.of(seen.getReturnType()),
                parameters(method, seen),
                method.isVarArgs(),
                method.getThrownTypes().stream().map(names::of).toList()));
      }
    }
    return overrides;
  }

  private String attachName(TypeElement model) {
    Set<String> taken =
        Stream.of(model, peftModel)
            .flatMap(t -> ElementFilter.methodsIn(universe.elements.getAllMembers(t)).stream())
            .map(m -> m.getSimpleName().toString())
            .collect(Collectors.toSet());
    String name = "attach";
    while (taken.contains(name)) {
      name += "Adapters";
    }
    return name;
  }

  private void report(Diagnostic diagnostic, Object... details) {
    problems.accept(Problem.of(diagnostic, Site.CLASS, details));
  }
}
