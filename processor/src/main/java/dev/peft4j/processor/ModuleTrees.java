package dev.peft4j.processor;

import dev.peft4j.processor.Node.Access;
import dev.peft4j.processor.Node.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.AnnotationValue;
import javax.lang.model.element.TypeElement;
import javax.lang.model.type.DeclaredType;
import org.jspecify.annotations.Nullable;

/**
 * A reader of what classes say about the modules in them ({@code @ModuleTree}), where their fields
 * do not tell. Generated code cannot get at these modules line by line: they are searched at run
 * time, and this only says what will be found.
 */
final class ModuleTrees {
  static final String MODULE_TREE = "dev.peft4j.annotation.ModuleTree";

  private static final String NN = "dev.peft4j.nn.";
  private static final Access NO_FIELD = Access.none("it is not in a field", "");

  private final Universe universe;
  private final Function<DeclaredType, @Nullable Node> nodes;

  /**
   * @param nodes what a type holds, without name and access
   */
  ModuleTrees(Universe universe, Function<DeclaredType, @Nullable Node> nodes) {
    this.universe = universe;
    this.nodes = nodes;
  }

  /** A module on the way to others, or one that is listed. */
  private static final class Branch {
    final Map<String, Branch> parts = new LinkedHashMap<>();
    String type = "";

    Branch part(String name) {
      return parts.computeIfAbsent(name, _name -> new Branch());
    }
  }

  /** Returns what a class, or the nearest one above it that says so, has; null if none says it. */
  @Nullable List<Node> children(DeclaredType module) {
    for (DeclaredType t = module; t != null; t = universe.superclassOf(t)) {
      TypeElement owner = Universe.element(t);
      AnnotationMirror mirror = mirror(owner);
      if (mirror != null) {
        Branch root = new Branch();
        List<String> heads = new ArrayList<>();
        read(mirror, root, heads, new HashSet<>());
        return nodes(owner, root, "", heads.isEmpty() ? "" : heads.get(heads.size() - 1));
      }
    }
    return null;
  }

  private static @Nullable AnnotationMirror mirror(TypeElement owner) {
    for (AnnotationMirror mirror : owner.getAnnotationMirrors()) {
      if (Universe.name(mirror.getAnnotationType()).equals(MODULE_TREE)) {
        return mirror;
      }
    }
    return null;
  }

  /** Returns the annotation of the class that another one is like. */
  private static @Nullable AnnotationMirror like(AnnotationMirror mirror) {
    for (var e : mirror.getElementValues().entrySet()) {
      if (e.getKey().getSimpleName().contentEquals("like")
          && e.getValue().getValue() instanceof DeclaredType type) {
        return mirror(Universe.element(type));
      }
    }
    return null;
  }

  /** Adds what an annotation lists, those of the classes it is like first; no class twice. */
  private static void read(
      AnnotationMirror mirror, Branch root, List<String> heads, Set<AnnotationMirror> seen) {
    AnnotationMirror like = like(mirror);
    if (like != null && seen.add(like)) {
      read(like, root, heads, seen);
    }
    heads.addAll(texts(mirror, "outputHead"));
    for (String line : texts(mirror, "value")) {
      int colon = line.indexOf(':');
      String path = colon < 0 ? line : line.substring(0, colon);
      Branch at = root;
      for (String name : path.strip().split("\\.", -1)) {
        at = at.part(name);
      }
      at.type = colon < 0 ? "" : line.substring(colon + 1).strip();
    }
  }

  private List<Node> nodes(TypeElement owner, Branch branch, String above, String head) {
    List<Node> nodes = new ArrayList<>();
    branch.parts.forEach(
        (name, part) -> {
          String path = above.isEmpty() ? name : above + "." + name;
          nodes.add(
              node(owner, name, path, part, path.equals(head), nodes(owner, part, path, head)));
        });
    return nodes;
  }

  private Node node(
      TypeElement owner,
      String name,
      String path,
      Branch branch,
      boolean outputHead,
      List<Node> parts) {
    boolean list = branch.parts.containsKey(Node.ELEMENT);
    Node known = branch.type.isEmpty() ? null : known(branch.type);
    return new Node(
        name,
        list ? Kind.LIST : Kind.MODULE,
        known != null ? known.type() : list ? "List" : "Module",
        Universe.shortName(owner) + " (" + path + ")",
        name.equals(Node.ELEMENT) ? Access.ELEMENT : NO_FIELD,
        known != null && known.linear(),
        layer(branch, known),
        false,
        false,
        true,
        outputHead,
        false,
        parts);
  }

  /** Returns the kind of layer; of a class that cannot be seen from here the run time tells. */
  private static LayerTypes layer(Branch branch, @Nullable Node known) {
    return known != null ? known.layer() : branch.type.isEmpty() ? LayerTypes.NONE : LayerTypes.ANY;
  }

  private @Nullable Node known(String type) {
    TypeElement element = universe.find(type.contains(".") ? type : NN + type);
    return element == null ? null : nodes.apply((DeclaredType) element.asType());
  }

  private static List<String> texts(AnnotationMirror mirror, String key) {
    List<String> texts = new ArrayList<>();
    mirror
        .getElementValues()
        .forEach(
            (member, value) -> {
              if (member.getSimpleName().contentEquals(key)) {
                addTexts(value.getValue(), texts);
              }
            });
    return texts;
  }

  private static void addTexts(Object value, List<String> texts) {
    if (value instanceof List<?> list) {
      for (Object item : list) {
        texts.add(String.valueOf(((AnnotationValue) item).getValue()));
      }
    } else {
      texts.add(String.valueOf(value));
    }
  }
}
