package dev.peft4j.processor;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.ModuleElement;
import javax.lang.model.element.PackageElement;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.ExecutableType;
import javax.lang.model.type.IntersectionType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.type.TypeVariable;
import javax.lang.model.type.WildcardType;
import javax.lang.model.util.ElementFilter;
import javax.lang.model.util.Elements;
import javax.lang.model.util.Types;
import org.jspecify.annotations.Nullable;

/**
 * Questions about types, asked from where the generated class will be. The runtime's types are
 * known by their names only.
 */
final class Universe {
  static final String NN = "dev.peft4j.nn.";
  static final String TUNER = "dev.peft4j.tuner.";
  static final String MODULE = NN + "Module";
  static final String PEFT_MODEL = TUNER + "PeftModel";

  /** The runtime's layers that take adapters. */
  static final List<String> LAYERS =
      List.of(
          NN + "Linear", NN + "TransposedLinear", NN + "Embedding", NN + "Conv1d", NN + "Conv2d");

  final Types types;
  final Elements elements;
  private final TypeElement model;
  private final PackageElement home;
  private final @Nullable ModuleElement module;
  private final Set<String> sources;
  private final Lombok lombok;

  /**
   * @param model the annotated class
   * @param sources the names of the top-level classes that are being compiled
   */
  Universe(Types types, Elements elements, TypeElement model, Set<String> sources, Lombok lombok) {
    this.types = types;
    this.elements = elements;
    this.model = model;
    this.home = elements.getPackageOf(model);
    this.module = elements.getModuleOf(model);
    this.sources = sources;
    this.lombok = lombok;
  }

  /**
   * A type that was named but is not there, perhaps because another processor has yet to write it.
   */
  static final class Unresolved extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unresolved(String what) {
      super(what, null, false, false);
    }
  }

  PackageElement home() {
    return home;
  }

  @Nullable ModuleElement module() {
    return module;
  }

  /** Returns the class of a name as the model's module sees it, or null. */
  @Nullable TypeElement find(String name) {
    TypeElement found = module == null ? null : elements.getTypeElement(module, name);
    return found != null || (module != null && !module.isUnnamed())
        ? found
        : elements.getTypeElement(name);
  }

  boolean fromSource(Element element) {
    Element e = element;
    while (e.getEnclosingElement() != null
        && e.getEnclosingElement().getKind() != ElementKind.PACKAGE) {
      e = e.getEnclosingElement();
    }
    return e instanceof TypeElement type && sources.contains(type.getQualifiedName().toString());
  }

  static TypeElement element(DeclaredType type) {
    return (TypeElement) type.asElement();
  }

  /** Returns the class that declares a member, or that another class is nested in. */
  static TypeElement declaring(Element member) {
    if (member.getEnclosingElement() instanceof TypeElement type) {
      return type;
    }
    throw new IllegalArgumentException(member + " is in no class");
  }

  static String name(DeclaredType type) {
    return element(type).getQualifiedName().toString();
  }

  /** Returns the name as a reader of the source knows it: Outer.Inner. */
  static String shortName(TypeElement type) {
    Element outer = type.getEnclosingElement();
    return outer instanceof TypeElement t
        ? shortName(t) + "." + type.getSimpleName()
        : type.getSimpleName().toString();
  }

  /** Returns whether an exception has to be declared or caught. */
  boolean checked(TypeMirror thrown) {
    return !(thrown instanceof DeclaredType declared)
        || (superclass(declared, "java.lang.RuntimeException") == null
            && superclass(declared, "java.lang.Error") == null);
  }

  boolean isModule(TypeMirror type) {
    return type instanceof DeclaredType declared
        && type.getKind() == TypeKind.DECLARED
        && superclass(declared, MODULE) != null;
  }

  boolean isLinear(DeclaredType type) {
    return superclass(type, NN + "Linear") != null
        || superclass(type, NN + "TransposedLinear") != null;
  }

  LayerTypes layerTypes(DeclaredType type) {
    Set<String> names = new LinkedHashSet<>();
    collect(type, names);
    return names.contains(NN + "Adaptable") || LAYERS.stream().anyMatch(names::contains)
        ? new LayerTypes(LayerTypes.Certainty.KNOWN, names)
        : LayerTypes.NONE;
  }

  private void collect(DeclaredType type, Set<String> names) {
    if (names.add(name(type))) {
      for (TypeMirror above : types.directSupertypes(type)) {
        if (above instanceof DeclaredType declared) {
          collect(declared, names);
        }
      }
    }
  }

  /**
   * Returns whether a type is an interface that modules implement, so that a value of it is most
   * likely a module.
   */
  boolean isLayer(DeclaredType type) {
    return element(type).getKind() == ElementKind.INTERFACE
        && (supertype(type, NN + "Layer") != null || supertype(type, NN + "Adaptable") != null);
  }

  /** Returns the type itself or a class above it of this name, with its type arguments; or null. */
  @Nullable DeclaredType superclass(DeclaredType type, String name) {
    for (DeclaredType t = type; ; ) {
      if (name(t).equals(name)) {
        return t;
      }
      DeclaredType above = superclassOf(t);
      if (above == null) {
        return null;
      }
      t = above;
    }
  }

  /**
   * Returns the class above, with its type arguments; null for Object, interfaces and what is
   * missing.
   */
  @Nullable DeclaredType superclassOf(DeclaredType type) {
    TypeMirror above = element(type).getSuperclass();
    requireResolved(above, element(type));
    if (above.getKind() != TypeKind.DECLARED) {
      return null;
    }
    String name = name((DeclaredType) above);
    for (TypeMirror t : types.directSupertypes(type)) {
      if (t instanceof DeclaredType declared && name(declared).equals(name)) {
        return declared;
      }
    }
    return null;
  }

  /**
   * Returns the type itself or one above it of this name, interfaces too, with its type arguments;
   * or null.
   */
  @Nullable DeclaredType supertype(DeclaredType type, String name) {
    if (name(type).equals(name)) {
      return type;
    }
    for (TypeMirror above : types.directSupertypes(type)) {
      DeclaredType found =
          above instanceof DeclaredType declared ? supertype(declared, name) : null;
      if (found != null) {
        return found;
      }
    }
    return null;
  }

  /**
   * Returns the declared type that replaces a type when it is read: the bound of a variable or of a
   * wildcard; or null.
   */
  @Nullable DeclaredType bound(TypeMirror type) {
    if (type instanceof TypeVariable variable) {
      return bound(variable.getUpperBound());
    }
    if (type instanceof WildcardType wildcard) {
      TypeMirror extended = wildcard.getExtendsBound();
      return extended == null ? null : bound(extended);
    }
    if (type instanceof IntersectionType intersection) {
      for (TypeMirror part : intersection.getBounds()) {
        if (isModule(part)) {
          return (DeclaredType) part;
        }
      }
      return null;
    }
    return type.getKind() == TypeKind.DECLARED ? (DeclaredType) type : null;
  }

  /**
   * Fails if a type, or a part of it, is missing where it could still be written by another
   * processor.
   *
   * @param where the source element that names it
   */
  void requireResolved(TypeMirror type, Element where) {
    if (fromSource(where)) {
      String missing = missing(type);
      if (missing != null) {
        throw new Unresolved(missing);
      }
    }
  }

  /** Fails if Lombok has still to add to a class that is being compiled. */
  void requireComplete(TypeElement type) {
    if (fromSource(type)) {
      String annotation = lombok.pending(type, elements);
      if (annotation != null) {
        throw new Unresolved(
            "what @%s adds to %s (is Lombok among the annotation processors?)"
                .formatted(annotation, shortName(type)));
      }
    }
  }

  private static @Nullable String missing(TypeMirror type) {
    if (type.getKind() == TypeKind.ERROR) {
      return type.toString();
    }
    if (type instanceof DeclaredType declared) {
      return missing(declared.getTypeArguments());
    }
    if (type instanceof WildcardType wildcard) {
      TypeMirror bound =
          wildcard.getExtendsBound() != null
              ? wildcard.getExtendsBound()
              : wildcard.getSuperBound();
      return bound == null ? null : missing(bound);
    }
    if (type instanceof javax.lang.model.type.ArrayType array) {
      return missing(array.getComponentType());
    }
    return null;
  }

  private static @Nullable String missing(List<? extends TypeMirror> all) {
    for (TypeMirror type : all) {
      String missing = missing(type);
      if (missing != null) {
        return missing;
      }
    }
    return null;
  }

  /**
   * Returns whether a class is nested in one that the model extends, and so in reach of its
   * subclasses.
   */
  boolean aboveModel(TypeElement type) {
    return type.getEnclosingElement() instanceof TypeElement outer
        && types.isSubtype(types.erasure(model.asType()), types.erasure(outer.asType()));
  }

  boolean inHome(Element element) {
    return elements.getPackageOf(element).equals(home);
  }

  /** Returns the method of a class with the signature of another class's method, or null. */
  @Nullable ExecutableElement sameSignature(
      ExecutableElement method, TypeElement in, TypeElement type) {
    ExecutableType wanted = (ExecutableType) types.asMemberOf((DeclaredType) in.asType(), method);
    for (ExecutableElement other : ElementFilter.methodsIn(elements.getAllMembers(type))) {
      if (other.getSimpleName().equals(method.getSimpleName())
          && !other.getModifiers().contains(Modifier.PRIVATE)
          && types.isSubsignature((ExecutableType) other.asType(), wanted)) {
        return other;
      }
    }
    return null;
  }
}
