package dev.peft4j.processor;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.ParameterSpec;
import com.palantir.javapoet.TypeName;
import dev.peft4j.processor.ModelSpec.ConstructorSpec;
import dev.peft4j.processor.ModelSpec.OverrideSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.ExecutableType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/**
 * Reads an annotated class itself: whether it can be extended, its constructors, and the methods
 * that have to be chosen.
 */
final class ModelReader {
  private static final String GENERATED = "javax.annotation.processing.Generated";
  private static final String PEFT_MODEL = Universe.TUNER + "PeftModel";

  private final Universe universe;
  private final Visibility visibility;
  private final TypeNames names;
  private final Consumer<Problem> problems;

  ModelReader(Universe universe, Visibility visibility, Consumer<Problem> problems) {
    this.universe = universe;
    this.visibility = visibility;
    this.names = new TypeNames(this::usable);
    this.problems = problems;
  }

  /** Reports what stands in the way of extending a class; returns whether it is a Module at all. */
  boolean check(TypeElement model) {
    String name = Universe.shortName(model);
    if (model.getKind() != ElementKind.CLASS || !universe.isModule(model.asType())) {
      String what =
          switch (model.getKind()) {
            case INTERFACE -> "is an interface";
            case RECORD -> "is a record";
            case ENUM -> "is an enum";
            case ANNOTATION_TYPE -> "is an annotation";
            default -> "does not";
          };
      report(Diagnostic.NOT_A_MODULE, name, what);
      return false;
    }
    Set<Modifier> modifiers = model.getModifiers();
    if (modifiers.contains(Modifier.FINAL)) {
      report(Diagnostic.FINAL_CLASS, name);
    }
    if (modifiers.contains(Modifier.ABSTRACT)) {
      report(Diagnostic.ABSTRACT_CLASS, name);
    }
    if (modifiers.contains(Modifier.SEALED)) {
      report(Diagnostic.SEALED_CLASS, name);
    }
    for (Element e = model; e instanceof TypeElement type; e = e.getEnclosingElement()) {
      if (type.getModifiers().contains(Modifier.PRIVATE)) {
        report(Diagnostic.PRIVATE_CLASS, Universe.shortName(type));
      }
      boolean nested = type.getEnclosingElement() instanceof TypeElement;
      if (nested && !type.getModifiers().contains(Modifier.STATIC)) {
        report(
            Diagnostic.INNER_CLASS,
            Universe.shortName(type),
            Universe.shortName(Universe.declaring(type)));
      }
    }
    checkOpen(model);
    return true;
  }

  private void checkOpen(TypeElement model) {
    var module = universe.module();
    if (module == null || module.isUnnamed() || module.isOpen()) {
      return;
    }
    boolean open =
        ElementFilter.opensIn(module.getDirectives()).stream()
            .anyMatch(
                d ->
                    d.getPackage().equals(universe.home())
                        && (d.getTargetModules() == null
                            || d.getTargetModules().stream()
                                .anyMatch(
                                    m -> m.getQualifiedName().contentEquals("dev.peft4j.core"))));
    if (!open) {
      String home = universe.home().getQualifiedName().toString();
      report(Diagnostic.PACKAGE_NOT_OPEN, home, home);
    }
  }

  /**
   * Reads the class.
   *
   * @param simpleName the simple name of the class to write
   * @return null if the runtime is missing, which is reported
   */
  @Nullable ModelSpec read(TypeElement model, String simpleName) {
    TypeElement peftModel = universe.find(PEFT_MODEL);
    if (peftModel == null) {
      report(Diagnostic.RUNTIME_MISSING, PEFT_MODEL);
      return null;
    }
    boolean isPublic = true;
    for (Element e = model; e instanceof TypeElement type; e = e.getEnclosingElement()) {
      isPublic &= type.getModifiers().contains(Modifier.PUBLIC);
    }
    new MethodChecks(universe, peftModel, problems).check(model);
    return new ModelSpec(
        TypeName.get(model.asType()),
        Universe.shortName(model),
        ClassName.get(universe.home().getQualifiedName().toString(), simpleName),
        isPublic,
        universe.elements.isDeprecated(model),
        suppressed(model),
        names.variables(model.getTypeParameters()),
        constructors(model),
        overrides(model, peftModel),
        universe.find(GENERATED) != null,
        attachName(model));
  }

  private static List<String> suppressed(TypeElement model) {
    SuppressWarnings annotation = model.getAnnotation(SuppressWarnings.class);
    return annotation == null ? List.of() : List.of(annotation.value());
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
              .orElse(null);
      if (hidden == null) {
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
        constructor.getThrownTypes().stream().map(names::of).toList(),
        annotations(constructor),
        doc == null ? "" : doc(doc));
  }

  /** A comment without the space that each of its lines begins with. */
  private static String doc(String comment) {
    return comment
        .lines()
        .map(line -> line.startsWith(" ") ? line.substring(1) : line)
        .collect(Collectors.joining("\n"))
        .replace("*/", "*&#47;")
        .strip();
  }

  private List<ParameterSpec> parameters(ExecutableElement method, @Nullable ExecutableType seen) {
    List<ParameterSpec> parameters = new ArrayList<>();
    for (int i = 0; i < method.getParameters().size(); i++) {
      VariableElement parameter = method.getParameters().get(i);
      TypeMirror type = seen == null ? parameter.asType() : seen.getParameterTypes().get(i);
      parameters.add(
          ParameterSpec.builder(
                  names.of(type, parameter.getAnnotationMirrors()),
                  parameter.getSimpleName().toString())
              .addAnnotations(annotations(parameter))
              .build());
    }
    return parameters;
  }

  private List<AnnotationSpec> annotations(Element element) {
    return element.getAnnotationMirrors().stream()
        .filter(this::usable)
        .map(AnnotationSpec::get)
        .toList();
  }

  /** Whether an annotation can be written in the generated class and means the same there. */
  private boolean usable(AnnotationMirror mirror) {
    DeclaredType type = mirror.getAnnotationType();
    if (type.getKind() != TypeKind.DECLARED) {
      return false;
    }
    // what Kotlin's compiler tells itself is no business of Java's
    String name = Universe.name(type);
    return !name.startsWith("kotlin.")
        && visibility.hidden(Universe.element(type)).isEmpty()
        && mirror.getElementValues().values().stream().allMatch(v -> visible(v.getValue()));
  }

  private boolean visible(@Nullable Object value) {
    if (value instanceof TypeMirror type) {
      return visibility.hiddenPart(type) == null;
    }
    if (value instanceof VariableElement constant) {
      return visibility.hidden(Universe.declaring(constant)).isEmpty();
    }
    if (value instanceof AnnotationMirror nested) {
      return usable(nested);
    }
    return !(value instanceof List<?> list)
        || list.stream()
            .allMatch(v -> visible(((javax.lang.model.element.AnnotationValue) v).getValue()));
  }

  /**
   * The default methods of PeftModel that Module has too: a class's own would win over an
   * interface's.
   */
  private List<OverrideSpec> overrides(TypeElement model, TypeElement peftModel) {
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
        ElementFilter.methodsIn(universe.elements.getAllMembers(model)).stream()
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
