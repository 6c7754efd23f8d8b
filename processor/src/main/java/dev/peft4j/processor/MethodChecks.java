package dev.peft4j.processor;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Collectors;
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

/** The check that a model's own methods do not clash with those of the adapted class. */
final class MethodChecks {
  private final Universe universe;
  private final TypeElement peftModel;
  private final @Nullable TypeElement module;
  private final Consumer<Problem> problems;
  private final Set<String> warnings = new TreeSet<>();

  MethodChecks(Universe universe, TypeElement peftModel, Consumer<Problem> problems) {
    this.universe = universe;
    this.peftModel = peftModel;
    this.module = universe.find(Universe.MODULE);
    this.problems = problems;
  }

  /** Returns the compiler's warnings that the adapted class gets because of its model's methods. */
  Set<String> warnings() {
    return warnings;
  }

  void check(TypeElement model) {
    for (ExecutableElement method :
        ElementFilter.methodsIn(universe.elements.getAllMembers(model))) {
      TypeElement owner = Universe.declaring(method);
      boolean ofInterface = owner.getKind() == ElementKind.INTERFACE;
      boolean inherited =
          !method.getModifiers().contains(Modifier.PRIVATE)
              && !(ofInterface && !method.isDefault())
              && !(module != null && universe.types.isSubtype(erased(module), erased(owner)));
      if (inherited) {
        check(method, ofInterface, model);
      }
    }
  }

  private TypeMirror erased(Element type) {
    return universe.types.erasure(type.asType());
  }

  private void check(ExecutableElement method, boolean ofInterface, TypeElement model) {
    boolean adapters =
        method.getSimpleName().contentEquals("adapters") && method.getParameters().isEmpty();
    if (adapters || isAdapt(method, model)) {
      report(Diagnostic.METHOD_CLASH, method, model);
      return;
    }
    ExecutableType seen =
        (ExecutableType) universe.types.asMemberOf((DeclaredType) model.asType(), method);
    for (ExecutableElement ours :
        ElementFilter.methodsIn(universe.elements.getAllMembers(peftModel))) {
      if (ours.isDefault() && ours.getSimpleName().equals(method.getSimpleName())) {
        ExecutableType wanted = (ExecutableType) ours.asType();
        if (universe.types.isSubsignature(seen, wanted)) {
          checkSame(method, seen, ours, ofInterface, model);
        } else if (sameErasure(method, ours)) {
          report(Diagnostic.METHOD_CLASH, method, model);
        } else if (ambiguous(method, ours)) {
          warnings.add("overloads");
        }
      }
    }
  }

  private void checkSame(
      ExecutableElement method,
      ExecutableType seen,
      ExecutableElement ours,
      boolean ofInterface,
      TypeElement model) {
    boolean overridden = module != null && universe.sameSignature(ours, peftModel, module) != null;
    boolean clash =
        ofInterface
            || method.getModifiers().contains(Modifier.STATIC)
            || (overridden
                ? method.getModifiers().contains(Modifier.FINAL)
                    || !method.getModifiers().contains(Modifier.PUBLIC)
                    || !returns(ours.getReturnType(), seen.getReturnType())
                    || !throwsNoMore(seen, ours)
                : !method.getModifiers().contains(Modifier.PUBLIC)
                    || !returns(seen.getReturnType(), ours.getReturnType())
                    || !throwsNoMore(seen, ours));
    if (clash) {
      report(Diagnostic.METHOD_CLASH, method, model);
    } else if (overridden && ours.getReturnType().getKind() == TypeKind.VOID) {
      report(Diagnostic.METHOD_HIDDEN, method, model); // something is done, and it is another thing
    } else if (!overridden) {
      report(Diagnostic.METHOD_HIDES, method, model);
      if (!universe.types.isSubsignature((ExecutableType) ours.asType(), seen)) {
        warnings.add("unchecked");
      }
    }
  }

  private boolean throwsNoMore(ExecutableType seen, ExecutableElement ours) {
    return seen.getThrownTypes().stream()
        .filter(universe::checked)
        .allMatch(
            thrown ->
                ours.getThrownTypes().stream()
                    .anyMatch(allowed -> universe.types.isSubtype(thrown, allowed)));
  }

  private boolean sameErasure(ExecutableElement method, ExecutableElement other) {
    return erasures(method).equals(erasures(other));
  }

  private List<String> erasures(ExecutableElement method) {
    return method.getParameters().stream()
        .map(p -> universe.types.erasure(p.asType()).toString())
        .toList();
  }

  /** Returns whether a call with a lambda could mean either. */
  private static boolean ambiguous(ExecutableElement method, ExecutableElement ours) {
    if (method.getParameters().size() != ours.getParameters().size()) {
      return false;
    }
    for (int i = 0; i < method.getParameters().size(); i++) {
      if (isInterface(method.getParameters().get(i)) && isInterface(ours.getParameters().get(i))) {
        return true;
      }
    }
    return false;
  }

  private static boolean isInterface(VariableElement parameter) {
    return parameter.asType() instanceof DeclaredType type
        && type.asElement().getKind() == ElementKind.INTERFACE;
  }

  private boolean isAdapt(ExecutableElement method, TypeElement model) {
    return method.getSimpleName().contentEquals("adapt")
        && method.getParameters().size() == 1
        && universe.types.isSameType(
            universe.types.erasure(method.getParameters().get(0).asType()), erased(model));
  }

  private boolean returns(TypeMirror returned, TypeMirror wanted) {
    if (universe.types.isSameType(returned, wanted)) {
      return true;
    }
    if (!(wanted.getKind() == TypeKind.DECLARED || wanted.getKind() == TypeKind.TYPEVAR)
        || returned.getKind().isPrimitive()
        || returned.getKind() == TypeKind.VOID) {
      return false;
    }
    return wanted.getKind() == TypeKind.TYPEVAR
        ? universe.types.isSubtype(universe.types.erasure(returned), universe.types.erasure(wanted))
        : universe.types.isSubtype(returned, wanted);
  }

  private void report(Diagnostic diagnostic, ExecutableElement method, TypeElement model) {
    problems.accept(
        Problem.of(
            diagnostic,
            Site.CLASS,
            Universe.shortName(Universe.declaring(method)),
            method,
            another(method.getSimpleName().toString(), model)));
  }

  /**
   * Returns a name for a method that no other one has: saveModel for save, modelAdapters for
   * adapters.
   */
  private String another(String name, TypeElement model) {
    Set<String> taken =
        ElementFilter.methodsIn(universe.elements.getAllMembers(model)).stream()
            .map(m -> m.getSimpleName().toString())
            .collect(Collectors.toSet());
    boolean noun = name.endsWith("s") || name.endsWith("Summary");
    String capital = name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    String other = noun ? "model" + capital : name + "Model";
    return taken.contains(other) ? "own" + capital : other;
  }
}
