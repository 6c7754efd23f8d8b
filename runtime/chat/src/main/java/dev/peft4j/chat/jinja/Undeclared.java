package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Name;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds which of some names are used before they are set: the special ones ({@code loop}, {@code
 * caller}, ...) are given then.
 */
final class Undeclared {
  private final Set<String> names;
  private final Set<String> found = new HashSet<>();
  private boolean scopedBlock;

  private Undeclared(String... names) {
    this.names = new HashSet<>(Arrays.asList(names));
  }

  static Set<String> in(List<? extends Node> nodes, String... names) {
    Undeclared u = new Undeclared(names);
    u.visitAll(nodes);
    return u.found;
  }

  static boolean scopedBlocks(List<? extends Node> nodes) {
    Undeclared u = new Undeclared();
    u.visitAll(nodes);
    return u.scopedBlock;
  }

  private void visitAll(List<? extends Node> nodes) {
    nodes.forEach(this::visit);
  }

  private void visit(@Nullable Node node) {
    switch (node) {
      case null -> {}
      case Name n -> {
        if (n.use() == Name.Use.LOAD && names.contains(n.name())) {
          found.add(n.name());
        } else if (n.use() != Name.Use.LOAD) {
          names.remove(n.name());
        }
      }
      case Node.Expr e -> visitAll(Symbols.children(e));
      case Node.Output o -> visitAll(o.items());
      case Node.For f -> {
        visit(f.target());
        visit(f.items());
        visitAll(f.body());
        visitAll(f.otherwise());
        visit(f.test());
      }
      case Node.If i -> {
        visit(i.test());
        visitAll(i.body());
        visitAll(i.elifs());
        visitAll(i.otherwise());
      }
      case Node.With w -> {
        visitAll(w.targets());
        visitAll(w.values());
        visitAll(w.body());
      }
      case Node.Assign a -> {
        visit(a.target());
        visit(a.value());
      }
      case Node.AssignBlock a -> {
        visit(a.target());
        visit(a.filter());
        visitAll(a.body());
      }
      case Node.MacroDef m -> {
        visitAll(m.parameters());
        visitAll(m.defaults());
        visitAll(m.body());
      }
      case Node.CallBlock c -> {
        visit(c.call());
        visitAll(c.parameters());
        visitAll(c.defaults());
        visitAll(c.body());
      }
      case Node.FilterBlock f -> {
        visitAll(f.body());
        visit(f.filter());
      }
      case Node.AutoEscape a -> {
        visit(a.value());
        visitAll(a.body());
      }
      case Node.Load l -> visit(l.template());
      case Node.Block b -> scopedBlock |= b.scoped();
      case Node.Jump j -> {}
    }
  }
}
