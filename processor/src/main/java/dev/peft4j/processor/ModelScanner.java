package dev.peft4j.processor;

import dev.peft4j.annotation.CheckpointName;
import dev.peft4j.processor.Node.Access;
import dev.peft4j.processor.Node.Kind;
import dev.peft4j.target.Names;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.element.VariableElement;
import javax.lang.model.type.ArrayType;
import javax.lang.model.type.DeclaredType;
import javax.lang.model.type.TypeKind;
import javax.lang.model.type.TypeMirror;
import javax.lang.model.util.ElementFilter;
import org.jspecify.annotations.Nullable;

/**
 * A reader of the tree of a model's modules from the types of its fields, as the runtime's {@code
 * Module} reads it off their values: fields of the class and of the classes above it, topmost
 * first, whose type is a module, a list or a map of such, or a record that holds such.
 *
 * <p>A type does not always tell everything. A module is opaque if its declared class is abstract
 * or {@code Module} itself (the value is of some class below), if it is the value of an interface
 * such as {@code Layer}, if the class overrides {@code children()} (as {@code Sequential} does), or
 * if it is inside a module of its own class; what is in it is looked up at run time. Of other
 * classes just the declared fields count.
 */
final class ModelScanner {
  static final String CHECKPOINT_NAME = "dev.peft4j.annotation.CheckpointName";
  static final String OUTPUT_HEAD = "dev.peft4j.annotation.OutputHead";

  private final Universe universe;
  private final Visibility visibility;
  private final Consumer<Problem> problems;
  private final Deque<TypeElement> inside = new ArrayDeque<>();
  private final ModuleTrees trees;

  ModelScanner(Universe universe, Visibility visibility, Consumer<Problem> problems) {
    this.universe = universe;
    this.visibility = visibility;
    this.problems = problems;
    this.trees = new ModuleTrees(universe, this::node);
  }

  /**
   * Returns the tree of an annotated class.
   *
   * @throws Universe.Unresolved if a type in it is missing
   */
  Node scan(TypeElement model) {
    DeclaredType type = (DeclaredType) model.asType();
    universe.requireComplete(model);
    boolean opaque = overridesChildren(type);
    List<Node> described = opaque ? trees.children(type) : null;
    return new Node(
        "",
        Kind.MODULE,
        Universe.shortName(model),
        "",
        Access.ROOT,
        false,
        LayerTypes.NONE,
        opaque,
        described != null,
        true,
        false,
        false,
        described != null ? described : opaque ? List.of() : children(type));
  }

  private List<Node> children(DeclaredType module) {
    TypeElement element = Universe.element(module);
    inside.push(element);
    Deque<DeclaredType> chain = new ArrayDeque<>();
    for (DeclaredType t = module;
        t != null && !Universe.name(t).equals(Universe.MODULE);
        t = universe.superclassOf(t)) {
      universe.requireComplete(Universe.element(t));
      chain.push(t);
    }
    List<Node> children = new ArrayList<>();
    for (DeclaredType t : chain) {
      for (VariableElement field :
          ElementFilter.fieldsIn(Universe.element(t).getEnclosedElements())) {
        if (!field.getModifiers().contains(Modifier.STATIC)) {
          Node child = field(module, field);
          if (child != null) {
            children.add(child);
          }
        }
      }
    }
    inside.pop();
    checkNames(children);
    return children;
  }

  private void checkNames(List<Node> children) {
    Map<String, Node> byName = new HashMap<>();
    for (Node child : children) {
      Node other = byName.put(child.name(), child);
      if (other != null) {
        problems.accept(
            Problem.of(
                Diagnostic.DUPLICATE_CHECKPOINT_NAME,
                Site.CLASS,
                other.field(),
                child.field(),
                child.name()));
      }
    }
  }

  private @Nullable Node field(DeclaredType owner, VariableElement field) {
    universe.requireResolved(field.asType(), field);
    TypeElement declaring = Universe.declaring(field);
    String fieldName = field.getSimpleName().toString();
    String shown = Universe.shortName(declaring) + "." + fieldName;
    TypeMirror type = universe.types.asMemberOf(owner, field);
    Node node = node(type);
    if (node == null) {
      if (holdsModules(type) && !field.getModifiers().contains(Modifier.TRANSIENT)) {
        problems.accept(
            Problem.of(Diagnostic.UNKNOWN_CONTAINER, Site.CLASS, shown, simpleName(type)));
      }
      return null;
    }
    String name = Names.toCheckpoint(fieldName);
    String given = annotationValue(field, CHECKPOINT_NAME);
    if (CheckpointName.OF_CLASS.equals(given)) {
      given = nameOfClass(universe.bound(type));
    }
    if (given != null) {
      name = given;
      if (given.isBlank()) {
        problems.accept(Problem.of(Diagnostic.BAD_CHECKPOINT_NAME, Site.CLASS, shown));
      }
    }
    return new Node(
        name,
        node.kind(),
        node.type(),
        shown,
        access(owner, field, type, node.kind()),
        node.linear(),
        node.layer(),
        node.opaque(),
        node.described(),
        node.certain(),
        annotation(field, OUTPUT_HEAD) != null,
        nullable(field),
        node.children());
  }

  /** Returns the name that a class gives its modules, as it inherits it; null if it says none. */
  private @Nullable String nameOfClass(@Nullable DeclaredType type) {
    for (DeclaredType t = type; t != null; t = universe.superclassOf(t)) {
      String given = annotationValue(Universe.element(t), CHECKPOINT_NAME);
      if (given != null) {
        return given;
      }
    }
    return null;
  }

  private Access access(DeclaredType owner, VariableElement field, TypeMirror type, Kind kind) {
    DeclaredType container = kind.dynamic() ? universe.bound(type) : null;
    String hidden = container == null ? "" : visibility.hidden(Universe.element(container));
    // not even a List's methods can be called on a value of a class that cannot be seen
    return hidden.isEmpty()
        ? visibility.access(owner, field)
        : Access.none(hidden, "Make it visible from there.");
  }

  /**
   * Returns whether a type that is not a node looks like one that was meant to hold modules: an
   * array, a set, an optional.
   */
  private boolean holdsModules(TypeMirror type) {
    TypeMirror element =
        type instanceof ArrayType array
            ? array.getComponentType()
            : type instanceof DeclaredType declared
                    && declared.getTypeArguments().size() == 1
                    && Universe.name(declared).startsWith("java.util.")
                ? declared.getTypeArguments().get(0)
                : null;
    DeclaredType bound = element == null ? null : universe.bound(element);
    return bound != null && universe.isModule(bound);
  }

  private static String simpleName(TypeMirror type) {
    return type instanceof DeclaredType declared
        ? Universe.shortName(Universe.element(declared))
        : "array";
  }

  /** Returns what a type holds, without the name and the way to it; null if not a module. */
  private @Nullable Node node(TypeMirror mirror) {
    DeclaredType type = universe.bound(mirror);
    if (type == null) {
      return null;
    }
    TypeElement element = Universe.element(type);
    if (universe.isModule(type)) {
      return module(type, element);
    }
    DeclaredType list = universe.supertype(type, "java.util.List");
    if (list != null) {
      return container(Kind.LIST, list, 0);
    }
    DeclaredType map = universe.supertype(type, "java.util.Map");
    if (map != null) {
      return container(Kind.MAP, map, 1);
    }
    if (universe.isLayer(type)) {
      return new Node(
          Node.ELEMENT,
          Kind.MODULE,
          Universe.shortName(element),
          "",
          Access.ELEMENT,
          false,
          LayerTypes.ANY,
          true,
          false,
          false,
          false,
          false,
          List.of());
    }
    if (element.getKind() == ElementKind.RECORD && !inside.contains(element)) {
      List<Node> children = children(type);
      return children.isEmpty() ? null : holder(Kind.RECORD, element, children);
    }
    return null;
  }

  private Node module(DeclaredType type, TypeElement element) {
    // a value of an abstract class may be of a class that takes adapters
    boolean isAbstract = element.getModifiers().contains(Modifier.ABSTRACT);
    LayerTypes layer = isAbstract ? LayerTypes.ANY : universe.layerTypes(type);
    boolean ready =
        !isAbstract && layer != LayerTypes.NONE && Universe.name(type).startsWith(Universe.NN);
    boolean opaque = !ready && opaque(type, element);
    // what is below a layer of the runtime is the adapter's own business
    boolean overrides = !ready && overridesChildren(type);
    List<Node> described = overrides ? trees.children(type) : null;
    boolean known = !ready && !inside.contains(element) && !overrides;
    List<Node> children = described != null ? described : known ? children(type) : List.of();
    return new Node(
        Node.ELEMENT,
        Kind.MODULE,
        Universe.shortName(element),
        "",
        Access.ELEMENT,
        universe.isLinear(type),
        layer,
        opaque,
        described != null,
        true,
        false,
        false,
        children);
  }

  private boolean opaque(DeclaredType type, TypeElement element) {
    return element.getModifiers().contains(Modifier.ABSTRACT)
        || inside.contains(element)
        || overridesChildren(type);
  }

  /** Returns whether a class says itself what is in it, so that its fields do not tell. */
  private boolean overridesChildren(DeclaredType type) {
    for (DeclaredType t = type;
        t != null && !Universe.name(t).equals(Universe.MODULE);
        t = universe.superclassOf(t)) {
      boolean overrides =
          ElementFilter.methodsIn(Universe.element(t).getEnclosedElements()).stream()
              .anyMatch(
                  m -> m.getSimpleName().contentEquals("children") && m.getParameters().isEmpty());
      if (overrides) {
        return true;
      }
    }
    return false;
  }

  private @Nullable Node container(Kind kind, DeclaredType type, int argument) {
    if (type.getTypeArguments().size() <= argument) {
      return null;
    }
    Node element = node(type.getTypeArguments().get(argument));
    if (element == null) {
      return null;
    }
    return holder(kind, Universe.element(type), List.of(element));
  }

  private static Node holder(Kind kind, TypeElement type, List<Node> children) {
    return new Node(
        Node.ELEMENT,
        kind,
        Universe.shortName(type),
        "",
        Access.ELEMENT,
        false,
        LayerTypes.NONE,
        false,
        false,
        true,
        false,
        false,
        children);
  }

  /** Returns whether a field says, by an annotation of whatever package, that it may be null. */
  private static boolean nullable(VariableElement field) {
    List<AnnotationMirror> all = new ArrayList<>(field.getAnnotationMirrors());
    all.addAll(field.asType().getAnnotationMirrors());
    return all.stream()
        .anyMatch(a -> a.getAnnotationType().asElement().getSimpleName().contentEquals("Nullable"));
  }

  private static @Nullable AnnotationMirror annotation(Element element, String name) {
    for (AnnotationMirror mirror : element.getAnnotationMirrors()) {
      if (mirror.getAnnotationType().getKind() == TypeKind.DECLARED
          && Universe.name(mirror.getAnnotationType()).equals(name)) {
        return mirror;
      }
    }
    return null;
  }

  private static @Nullable String annotationValue(Element element, String name) {
    AnnotationMirror mirror = annotation(element, name);
    return mirror == null
        ? null
        : mirror.getElementValues().values().stream()
            .map(v -> String.valueOf(v.getValue()))
            .findFirst()
            .orElse("");
  }
}
