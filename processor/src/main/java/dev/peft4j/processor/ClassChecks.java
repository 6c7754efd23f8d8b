package dev.peft4j.processor;

import java.util.Set;
import java.util.function.Consumer;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.ElementFilter;

/** The check that an annotated class can be extended. */
final class ClassChecks {
  private final Universe universe;
  private final String annotation;
  private final Consumer<Problem> problems;

  /**
   * @param annotation the annotation as it is written, for messages
   */
  ClassChecks(Universe universe, String annotation, Consumer<Problem> problems) {
    this.universe = universe;
    this.annotation = annotation;
    this.problems = problems;
  }

  /** Reports what prevents extending a class; returns whether it is a Module at all. */
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
      report(Diagnostic.NOT_A_MODULE, annotation, name, what);
      return false;
    }
    Set<Modifier> modifiers = model.getModifiers();
    if (modifiers.contains(Modifier.FINAL)) {
      report(Diagnostic.FINAL_CLASS, name);
    }
    if (modifiers.contains(Modifier.ABSTRACT)) {
      report(Diagnostic.ABSTRACT_CLASS, name, annotation);
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

  private void report(Diagnostic diagnostic, Object... details) {
    problems.accept(Problem.of(diagnostic, Site.CLASS, details));
  }
}
