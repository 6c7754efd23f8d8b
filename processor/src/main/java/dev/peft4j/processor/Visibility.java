package dev.peft4j.processor;

import dev.peft4j.processor.Node.Access;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.ExecutableType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.WildcardType;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/**
 * The view of the generated class. It is in the model's package and reads models from outside:
 * protected members of other packages are out of its reach.
 */
final class Visibility {
  private final Universe universe;

  Visibility(Universe universe) {
    this.universe = universe;
  }

  /** Returns why a class cannot be named; empty if it can. */
  String hidden(TypeElement type) {
    for (Element e = type; e instanceof TypeElement t; e = e.getEnclosingElement()) {
      Set<Modifier> modifiers = t.getModifiers();
      if (modifiers.contains(Modifier.PRIVATE)) {
        return "class %s is private".formatted(Universe.shortName(t));
      }
      if (!modifiers.contains(Modifier.PUBLIC)
          && !universe.inHome(t)
          && !(modifiers.contains(Modifier.PROTECTED) && universe.aboveModel(t))) {
        return "class %s is not public and in package %s"
            .formatted(Universe.shortName(t), universe.elements.getPackageOf(t));
      }
    }
    var module = universe.module();
    if (module != null && !module.isUnnamed() && !universe.inHome(type)) {
      String name = type.getQualifiedName().toString();
      if (universe.elements.getTypeElement(module, name) == null) {
        return "class %s is in a package that module %s does not read"
            .formatted(name, module.getQualifiedName());
      }
    }
    return "";
  }

  /** Returns the first class in a type that cannot be named, or null. */
  @Nullable String hiddenPart(TypeMirror type) {
    if (type instanceof ArrayType array) {
      return hiddenPart(array.getComponentType());
    }
    if (type instanceof WildcardType wildcard) {
      TypeMirror bound =
          wildcard.getExtendsBound() != null
              ? wildcard.getExtendsBound()
              : wildcard.getSuperBound();
      return bound == null ? null : hiddenPart(bound);
    }
    if (type.getKind() == TypeKind.DECLARED && type instanceof DeclaredType declared) {
      if (!hidden(Universe.element(declared)).isEmpty()) {
        return Universe.shortName(Universe.element(declared));
      }
      for (TypeMirror argument : declared.getTypeArguments()) {
        String part = hiddenPart(argument);
        if (part != null) {
          return part;
        }
      }
      return hiddenPart(declared.getEnclosingType());
    }
    return null;
  }

  /**
   * Returns how to read a field of a value of type {@code owner}: itself, or through a method that
   * returns it.
   */
  Access access(DeclaredType owner, VariableElement field) {
    TypeElement ownerType = Universe.element(owner);
    String hidden = hidden(ownerType);
    if (!hidden.isEmpty()) {
      return Access.none(hidden, "Make it visible from there.");
    }
    String name = field.getSimpleName().toString();
    TypeElement declaring = Universe.declaring(field);
    if (visible(field, declaring)) {
      DeclaredType above =
          inheritedPlainly(ownerType, declaring, field)
              ? null
              : universe.supertype(owner, declaring.getQualifiedName().toString());
      if (above == null || hiddenPart(above) == null) {
        return Access.field(field, above);
      }
    }
    List<String> names = accessors(name);
    ExecutableElement method = accessor(owner, field, names);
    if (method != null) {
      return Access.method(method);
    }
    boolean isPrivate = field.getModifiers().contains(Modifier.PRIVATE);
    String what =
        visible(field, declaring)
            ? "another field has its name"
            : isPrivate
                ? "the field is private"
                : "the field is not public and %s is in package %s"
                    .formatted(
                        Universe.shortName(declaring), universe.elements.getPackageOf(declaring));
    boolean near = universe.inHome(declaring);
    return Access.none(
        "%s and has no accessor %s() or %s()".formatted(what, names.get(0), names.get(1)),
        near
            ? "Make the field at least package-private, or add such a method."
            : "Add such a method, public, to %s or %s."
                .formatted(Universe.shortName(declaring), "a class below it"));
  }

  private boolean visible(Element member, TypeElement declaring) {
    Set<Modifier> modifiers = member.getModifiers();
    return modifiers.contains(Modifier.PUBLIC)
        ? !(member instanceof VariableElement)
            || hidden(declaring).isEmpty()
            || universe.inHome(declaring)
        : !modifiers.contains(Modifier.PRIVATE) && universe.inHome(declaring);
  }

  /**
   * Returns whether {@code owner.field} is this field: not hidden by another one, and inherited all
   * the way.
   */
  private boolean inheritedPlainly(
      TypeElement owner, TypeElement declaring, VariableElement field) {
    boolean open =
        field.getModifiers().contains(Modifier.PUBLIC)
            || field.getModifiers().contains(Modifier.PROTECTED);
    DeclaredType type = (DeclaredType) owner.asType();
    while (type != null && !Universe.element(type).equals(declaring)) {
      TypeElement element = Universe.element(type);
      boolean hides =
          ElementFilter.fieldsIn(element.getEnclosedElements()).stream()
              .anyMatch(f -> f.getSimpleName().equals(field.getSimpleName()));
      if (hides || (!open && !universe.inHome(element))) {
        return false;
      }
      type = universe.superclassOf(type);
    }
    return true;
  }

  private static List<String> accessors(String field) {
    String capital = Character.toUpperCase(field.charAt(0)) + field.substring(1);
    return List.of("get" + capital, field);
  }

  private @Nullable ExecutableElement accessor(
      DeclaredType owner, VariableElement field, List<String> names) {
    List<ExecutableElement> found = new ArrayList<>();
    TypeMirror wanted = universe.types.erasure(universe.types.asMemberOf(owner, field));
    for (ExecutableElement method :
        ElementFilter.methodsIn(universe.elements.getAllMembers(Universe.element(owner)))) {
      String name = method.getSimpleName().toString();
      // Kotlin names the getters of internal properties getX$module
      boolean named = names.contains(name) || name.startsWith(names.get(0) + "$");
      if (named
          && method.getParameters().isEmpty()
          && !method.getModifiers().contains(Modifier.STATIC)
          && visible(method, Universe.declaring(method))
          && method.getThrownTypes().stream().noneMatch(universe::checked)
          && returns(owner, method, wanted)) {
        found.add(method);
      }
    }
    for (String name : names) {
      for (ExecutableElement method : found) {
        if (method.getSimpleName().contentEquals(name)) {
          return method;
        }
      }
    }
    return found.isEmpty() ? null : found.get(0);
  }

  private boolean returns(DeclaredType owner, ExecutableElement method, TypeMirror wanted) {
    TypeMirror returned =
        ((ExecutableType) universe.types.asMemberOf(owner, method)).getReturnType();
    return universe.types.isSubtype(universe.types.erasure(returned), wanted);
  }
}
