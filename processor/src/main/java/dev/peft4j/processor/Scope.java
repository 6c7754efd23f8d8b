package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.Parameterizable;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;

/**
 * The names of classes in the generated class: short, with an import, unless another declaration
 * that is in scope there has the name, too. Then the name is qualified.
 *
 * <p>The body of the class sees the member types and fields that it inherits, the type variables,
 * and the classes of its package. Where a name could be one of a type or of a variable it is that
 * of the variable; a first part that could be a type or a variable is not that of a package.
 */
final class Scope {
  private final Universe universe;
  private final String home;
  private final String generated;
  private final Set<String> planned;
  private final Set<String> typeVariables = new HashSet<>();
  private final Set<String> types = new HashSet<>();
  private final Set<String> variables = new HashSet<>();
  private final Map<String, ClassName> written = new HashMap<>();
  private final Set<String> segments = new HashSet<>();
  private final SortedSet<String> imports = new TreeSet<>();
  private final Map<String, String> hidden = new TreeMap<>();
  private boolean throughValues;

  /**
   * @param generated the simple name of the class to write
   * @param variables the variables that it declares
   * @param planned the names of classes that are still to be written
   */
  Scope(
      Universe universe,
      TypeElement model,
      TypeElement peftModel,
      String generated,
      Collection<String> variables,
      Set<String> planned) {
    this.universe = universe;
    this.home = universe.home().getQualifiedName().toString();
    this.generated = generated;
    this.planned = Set.copyOf(planned);
    this.variables.addAll(variables);
    typeVariables(model);
    ElementFilter.constructorsIn(model.getEnclosedElements()).forEach(this::typeVariables);
    for (ExecutableElement method : ElementFilter.methodsIn(peftModel.getEnclosedElements())) {
      typeVariables(method);
    }
    types.addAll(typeVariables);
    inherited(model);
    inherited(peftModel);
  }

  private void typeVariables(Parameterizable element) {
    element.getTypeParameters().forEach(p -> typeVariables.add(p.getSimpleName().toString()));
  }

  private void inherited(TypeElement from) {
    Set<TypeElement> seen = new HashSet<>();
    Deque<TypeElement> open = new ArrayDeque<>(List.of(from));
    while (!open.isEmpty()) {
      TypeElement type = open.pop();
      if (!seen.add(type)) {
        continue;
      }
      for (Element member : type.getEnclosedElements()) {
        Set<Modifier> modifiers = member.getModifiers();
        boolean heir =
            modifiers.contains(Modifier.PUBLIC)
                || modifiers.contains(Modifier.PROTECTED)
                || (!modifiers.contains(Modifier.PRIVATE) && universe.inHome(type));
        if (heir && member instanceof TypeElement) {
          types.add(member.getSimpleName().toString());
        } else if (heir && member.getKind().isField()) {
          variables.add(member.getSimpleName().toString());
        }
      }
      for (TypeMirror above : universe.types.directSupertypes(type.asType())) {
        if (above instanceof DeclaredType declared) {
          open.add(Universe.element(declared));
        }
      }
    }
  }

  /** Returns a class's name for places where only types and packages are allowed. */
  ClassName type(ClassName name) {
    ClassName top = name.topLevelClassName();
    if (isShort(top)) {
      return named(name, "");
    }
    if (!qualifiable(top, Set.of())) {
      hidden.put(top.canonicalName(), what(top));
    }
    return qualified(name);
  }

  /**
   * Returns a class's name for use before the braces of the generated class, where what it inherits
   * is not seen.
   */
  ClassName header(ClassName name) {
    ClassName top = name.topLevelClassName();
    return nameable(name) || typeVariables.contains(top.simpleName()) || !free(top)
        ? type(name)
        : named(name, "");
  }

  /** Returns whether {@link #type} finds a name that means the class. */
  boolean nameable(ClassName name) {
    ClassName top = name.topLevelClassName();
    return canBeShort(top) || qualifiable(top, Set.of());
  }

  /** Returns whether {@link #header} finds a name that means the class. */
  boolean nameableInHeader(ClassName name) {
    ClassName top = name.topLevelClassName();
    return nameable(name) || (!typeVariables.contains(top.simpleName()) && mayBeShort(top));
  }

  /** Returns whether a name can be written where it could be a variable's, too. */
  boolean expressible(ClassName name) {
    ClassName top = name.topLevelClassName();
    return (!variables.contains(top.simpleName()) && canBeShort(top))
        || qualifiable(top, variables);
  }

  /** Returns code for a class of which a static member is to be used. */
  CodeBlock expression(ClassName name) {
    ClassName top = name.topLevelClassName();
    if (!variables.contains(top.simpleName()) && isShort(top)) {
      return CodeBlock.of("$T", named(name, ""));
    }
    if (qualifiable(top, variables)) {
      return CodeBlock.of("$T", qualified(name));
    }
    // a cast names a type and nothing else
    throughValues = true;
    return CodeBlock.of("(($T) null)", type(name));
  }

  private ClassName qualified(ClassName name) {
    String in = name.packageName();
    segments.add(first(in));
    return named(name, in.isEmpty() ? "" : in + ".");
  }

  /** Returns what is to be written, as a name that JavaPoet leaves as it is. */
  private static ClassName named(ClassName name, String prefix) {
    List<String> names = name.simpleNames();
    return ClassName.get(
        "", prefix + names.get(0), names.subList(1, names.size()).toArray(String[]::new));
  }

  private boolean isShort(ClassName top) {
    return !types.contains(top.simpleName()) && free(top);
  }

  /** Takes the short name for a class, unless the file has it for another one. */
  private boolean free(ClassName top) {
    if (!mayBeShort(top)) {
      return false;
    }
    String simple = top.simpleName();
    boolean near = top.packageName().equals(home);
    boolean implied = top.packageName().equals("java.lang") && !inHome(simple);
    if (written.put(simple, top) == null && !near && !implied) {
      imports.add(top.canonicalName());
    }
    return true;
  }

  private boolean canBeShort(ClassName top) {
    return !types.contains(top.simpleName()) && mayBeShort(top);
  }

  private boolean mayBeShort(ClassName top) {
    String simple = top.simpleName();
    ClassName other = written.get(simple);
    if (other != null) {
      return other.equals(top);
    }
    boolean near = top.packageName().equals(home);
    return near
        || !(top.packageName().isEmpty()
            || simple.equals(generated)
            || segments.contains(simple)
            || isOnlyName(simple));
  }

  /**
   * Returns whether a class of this package has no other name: the package's is that of a type,
   * too.
   */
  private boolean isOnlyName(String simple) {
    return inHome(simple) && !qualifiable(ClassName.get(home, simple), Set.of());
  }

  private boolean qualifiable(ClassName top, Set<String> obscuring) {
    String first = first(top.packageName());
    return !first.isEmpty() && !isType(first) && !obscuring.contains(first);
  }

  private boolean isType(String name) {
    return types.contains(name)
        || written.containsKey(name)
        || name.equals(generated)
        || inHome(name)
        || universe.find("java.lang." + name) != null;
  }

  private boolean inHome(String simple) {
    String name = home.isEmpty() ? simple : home + "." + simple;
    return planned.contains(name) || universe.find(name) != null;
  }

  private static String first(String packageName) {
    int dot = packageName.indexOf('.');
    return dot < 0 ? packageName : packageName.substring(0, dot);
  }

  private String what(ClassName top) {
    String first = first(top.packageName());
    return first.isEmpty()
        ? "another type there is called %s, and a class without a package has no longer name"
            .formatted(top.simpleName())
        : "types there are called %s and %s".formatted(top.simpleName(), first);
  }

  /** Returns the classes to import, in order. */
  SortedSet<String> imports() {
    return imports;
  }

  /** Returns the classes that no name means, and why. */
  Map<String, String> hidden() {
    return hidden;
  }

  /** Returns whether static members are reached through values, of which javac warns. */
  boolean throughValues() {
    return throughValues;
  }
}
