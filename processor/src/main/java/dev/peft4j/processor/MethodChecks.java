package dev.peft4j.processor;

import java.util.function.Consumer;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.ExecutableType;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/** Checks that a model's own methods leave room for those that the adapted class has. */
final class MethodChecks {
  private final Universe universe;
  private final TypeElement peftModel;
  private final @Nullable TypeElement module;
  private final Consumer<Problem> problems;

  MethodChecks(Universe universe, TypeElement peftModel, Consumer<Problem> problems) {
    this.universe = universe;
    this.peftModel = peftModel;
    this.module = universe.find(Universe.MODULE);
    this.problems = problems;
  }

  void check(TypeElement model) {
    for (DeclaredType t = (DeclaredType) model.asType();
        t != null && !Universe.name(t).equals(Universe.MODULE);
        t = universe.superclassOf(t)) {
      for (ExecutableElement method :
          ElementFilter.methodsIn(Universe.element(t).getEnclosedElements())) {
        if (!method.getModifiers().contains(Modifier.PRIVATE)) {
          check(method, Universe.shortName(Universe.element(t)), model);
        }
      }
    }
  }

  private void check(ExecutableElement method, String owner, TypeElement model) {
    boolean adapters =
        method.getSimpleName().contentEquals("adapters") && method.getParameters().isEmpty();
    if (adapters || isAdapt(method, model)) {
      problems.accept(Problem.of(Diagnostic.METHOD_CLASH, Site.CLASS, owner, method));
      return;
    }
    ExecutableElement ours = ours(method);
    if (ours == null) {
      return;
    }
    boolean overridden = module != null && universe.sameSignature(ours, peftModel, module) != null;
    boolean clash =
        method.getModifiers().contains(Modifier.STATIC)
            || (overridden
                ? method.getModifiers().contains(Modifier.FINAL)
                    || !returns(ours.getReturnType(), method.getReturnType())
                : !method.getModifiers().contains(Modifier.PUBLIC)
                    || !returns(method.getReturnType(), ours.getReturnType()));
    if (clash) {
      problems.accept(Problem.of(Diagnostic.METHOD_CLASH, Site.CLASS, owner, method));
    } else if (!overridden) {
      problems.accept(Problem.of(Diagnostic.METHOD_HIDES, Site.CLASS, owner, method));
    }
  }

  private boolean isAdapt(ExecutableElement method, TypeElement model) {
    return method.getSimpleName().contentEquals("adapt")
        && method.getParameters().size() == 1
        && universe.types.isSameType(
            universe.types.erasure(method.getParameters().get(0).asType()),
            universe.types.erasure(model.asType()));
  }

  /** The default method of PeftModel with the same signature, or null. */
  private @Nullable ExecutableElement ours(ExecutableElement method) {
    for (ExecutableElement candidate :
        ElementFilter.methodsIn(universe.elements.getAllMembers(peftModel))) {
      if (candidate.isDefault()
          && candidate.getSimpleName().equals(method.getSimpleName())
          && universe.types.isSubsignature(
              (ExecutableType) method.asType(), (ExecutableType) candidate.asType())) {
        return candidate;
      }
    }
    return null;
  }

  private boolean returns(TypeMirror returned, TypeMirror wanted) {
    return universe.types.isSameType(returned, wanted)
        || (!wanted.getKind().isPrimitive()
            && !returned.getKind().isPrimitive()
            && universe.types.isSubtype(
                universe.types.erasure(returned), universe.types.erasure(wanted)));
  }
}
