package dev.peft4j.processor;

import dev.peft4j.processor.Node.Kind;
import dev.peft4j.target.Names;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A node in its place in the model's tree.
 *
 * @param node the node
 * @param parent the place that holds it, null for the model
 * @param template its path with {@link Node#ELEMENT} for each index and key; empty for the model
 * @param dimensions the lists and maps that it is in, outermost first
 */
record Place(
    Node node,
    @Nullable Place parent,
    String template,
    List<Kind> dimensions,
    List<Place> children) {

  static Place tree(Node root) {
    return place(root, null);
  }

  private static Place place(Node node, @Nullable Place parent) {
    List<Kind> dimensions = new ArrayList<>();
    String template = "";
    if (parent != null) {
      dimensions.addAll(parent.dimensions);
      if (parent.node.kind().dynamic()) {
        dimensions.add(parent.node.kind());
      }
      template = Names.join(parent.template, node.name());
    }
    List<Place> children = new ArrayList<>();
    Place place = new Place(node, parent, template, dimensions, children);
    node.children().forEach(child -> children.add(place(child, place)));
    return place;
  }

  boolean isModule() {
    return node.kind() == Kind.MODULE;
  }

  boolean inMap() {
    return dimensions.contains(Kind.MAP);
  }

  /** Returns its path for certain indices and keys, one for each dimension. */
  String path(List<String> at) {
    if (dimensions.isEmpty()) {
      return template;
    }
    var path = new StringBuilder();
    fill(path, at);
    return path.toString();
  }

  private int fill(StringBuilder path, List<String> at) {
    if (parent == null) {
      return 0;
    }
    int used = parent.fill(path, at);
    if (path.length() > 0) {
      path.append('.');
    }
    boolean element = parent.node.kind().dynamic();
    path.append(element ? at.get(used) : node.name());
    return element ? used + 1 : used;
  }

  /** Returns this place and all below it, in order. */
  List<Place> all() {
    List<Place> all = new ArrayList<>();
    collect(all);
    return all;
  }

  private void collect(List<Place> all) {
    all.add(this);
    children.forEach(child -> child.collect(all));
  }

  // A tree that knows its parents cannot compare itself by its parts.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return (parent == null ? "the model" : template) + " (" + node.type() + ")";
  }
}
