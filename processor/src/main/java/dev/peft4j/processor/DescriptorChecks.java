package dev.peft4j.processor;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/** The check that the settings that a tuner's annotation names can be built as they are written. */
final class DescriptorChecks {
  private final Universe universe;
  private final Consumer<Problem> problems;

  DescriptorChecks(Universe universe, Consumer<Problem> problems) {
    this.universe = universe;
    this.problems = problems;
  }

  void check(PeftSettings s) {
    String config = s.kind().config().canonicalName();
    TypeElement type = universe.find(config);
    if (type == null) {
      problems.accept(Problem.of(Diagnostic.RUNTIME_MISSING, Site.annotation(s.index()), config));
      return;
    }
    DeclaredType builder = builder(type);
    if (builder == null) {
      report(s, "has no static method builder() that returns a class");
      return;
    }
    Set<String> there =
        ElementFilter.methodsIn(universe.elements.getAllMembers(Universe.element(builder))).stream()
            .filter(m -> m.getModifiers().contains(Modifier.PUBLIC))
            .map(m -> m.getSimpleName().toString())
            .collect(Collectors.toSet());
    Set<String> missing = new LinkedHashSet<>(ConfigCode.methods(s));
    missing.removeAll(there);
    if (!missing.isEmpty()) {
      report(s, "its builder has no public method " + String.join(", ", missing));
    }
  }

  private static @Nullable DeclaredType builder(TypeElement config) {
    for (ExecutableElement method : ElementFilter.methodsIn(config.getEnclosedElements())) {
      if (method.getSimpleName().contentEquals("builder")
          && method.getParameters().isEmpty()
          && method.getModifiers().contains(Modifier.STATIC)
          && method.getReturnType() instanceof DeclaredType type) {
        return type;
      }
    }
    return null;
  }

  private void report(PeftSettings s, String what) {
    problems.accept(
        Problem.of(
            Diagnostic.BAD_DESCRIPTOR,
            Site.annotation(s.index()),
            s.at(),
            s.kind().config().canonicalName(),
            what));
  }
}
