package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Expr;
import dev.peft4j.chat.jinja.Node.Name;
import dev.peft4j.chat.jinja.Node.Stmt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the names of one scope mean, decided before anything runs, as jinja2 does it (its {@code
 * idtracking}): a name that is set in a scope is another variable than the one outside, from the
 * scope's start on.
 */
final class Symbols {
  /** Where the value of a variable comes from when its scope is entered. */
  enum Kind {
    /** Whoever enters the scope sets it. */
    PARAMETER,
    /** The context: what the template was given, or set outside of all scopes. */
    RESOLVE,
    /** A variable of an outer scope. */
    ALIAS,
    /** Nothing. */
    UNDEFINED
  }

  /** A source, and the name or variable there. */
  record Load(Kind kind, String from) {}

  private final int level;
  private final @Nullable Symbols parent;
  private final Map<String, String> refs;
  final Map<String, Load> loads;
  private final Set<String> stores;

  private Symbols(
      int level,
      @Nullable Symbols parent,
      Map<String, String> refs,
      Map<String, Load> loads,
      Set<String> stores) {
    this.level = level;
    this.parent = parent;
    this.refs = refs;
    this.loads = loads;
    this.stores = stores;
  }

  Symbols(@Nullable Symbols parent) {
    this(
        parent == null ? 0 : parent.level + 1,
        parent,
        new LinkedHashMap<>(),
        new LinkedHashMap<>(),
        new LinkedHashSet<>());
  }

  private Symbols copy() {
    return new Symbols(
        level,
        parent,
        new LinkedHashMap<>(refs),
        new LinkedHashMap<>(loads),
        new LinkedHashSet<>(stores));
  }

  private String define(String name, Load load) {
    String variable = level + ":" + name;
    refs.put(name, variable);
    loads.put(variable, load);
    return variable;
  }

  private @Nullable String find(String name) {
    String found = refs.get(name);
    return found != null || parent == null ? found : parent.find(name);
  }

  /** The variable that {@code name} is here. */
  String ref(String name) {
    String found = find(name);
    return found == null ? define(name, new Load(Kind.RESOLVE, name)) : found;
  }

  String parameter(String name) {
    stores.add(name);
    return define(name, new Load(Kind.PARAMETER, name));
  }

  private void store(String name) {
    stores.add(name);
    if (refs.containsKey(name)) {
      return;
    }
    String outer = parent == null ? null : parent.find(name);
    define(name, outer == null ? new Load(Kind.UNDEFINED, name) : new Load(Kind.ALIAS, outer));
  }

  private void load(String name) {
    if (find(name) == null) {
      define(name, new Load(Kind.RESOLVE, name));
    }
  }

  /** The names that are set here and outside, with their variables. */
  Map<String, String> allStores() {
    Map<String, String> all = new LinkedHashMap<>();
    for (Symbols s = this; s != null; s = s.parent) {
      for (String name : s.stores) {
        all.putIfAbsent(name, ref(name));
      }
    }
    return all;
  }

  void visitAll(List<? extends Node> nodes) {
    nodes.forEach(this::visit);
  }

  void visit(@Nullable Node node) {
    switch (node) {
      case null -> {}
      case Stmt s -> visitStmt(s);
      case Name n -> {
        switch (n.use()) {
          case LOAD -> load(n.name());
          case STORE -> store(n.name());
          case PARAM -> parameter(n.name());
        }
      }
      case Node.NamespaceRef n -> load(n.name());
      case Expr e -> children(e).forEach(this::visit);
    }
  }

  private void visitStmt(Stmt stmt) {
    switch (stmt) {
      case Node.Output o -> visitAll(o.items());
      case Node.If i -> visitIf(i);
      case Node.For f -> visit(f.items());
      case Node.MacroDef m -> store(m.name());
      case Node.CallBlock c -> visit(c.call());
      case Node.FilterBlock f -> visit(f.filter());
      case Node.With w -> visitAll(w.values());
      case Node.Assign a -> {
        visit(a.value());
        visit(a.target());
      }
      case Node.AssignBlock a -> visit(a.target());
      case Node.Load l -> {
        visit(l.template());
        l.stores().forEach(this::store);
      }
      case Node.Block b -> {}
      case Node.AutoEscape a -> {}
      case Node.Jump j -> {}
    }
  }

  private void visitIf(Node.If node) {
    visit(node.test());
    Symbols body = copy();
    body.visitAll(node.body());
    Symbols elifs = copy();
    node.elifs().forEach(elifs::visit);
    Symbols otherwise = copy();
    otherwise.visitAll(node.otherwise());
    List<Symbols> branches = List.of(body, elifs, otherwise);
    Set<String> set = new LinkedHashSet<>();
    branches.forEach(b -> set.addAll(b.stores));
    set.removeAll(stores);
    for (Symbols b : branches) {
      refs.putAll(b.refs);
      loads.putAll(b.loads);
      stores.addAll(b.stores);
    }
    for (String name : set) {
      String outer = parent == null ? null : parent.find(name);
      loads.put(
          ref(name), outer == null ? new Load(Kind.RESOLVE, name) : new Load(Kind.ALIAS, outer));
    }
  }

  /** The expressions in {@code e}, in the order in which jinja2 goes through them. */
  static List<Expr> children(Expr e) {
    List<@Nullable Expr> all = new ArrayList<>();
    switch (e) {
      case Node.TupleExpr t -> all.addAll(t.items());
      case Node.ListExpr l -> all.addAll(l.items());
      case Node.DictExpr d -> {
        all.addAll(d.keys());
        all.addAll(d.values());
      }
      case Node.Cond c -> {
        all.add(c.test());
        all.add(c.then());
        all.add(c.otherwise());
      }
      case Node.Logic l -> {
        all.add(l.left());
        all.add(l.right());
      }
      case Node.Not n -> all.add(n.value());
      case Node.Unary u -> all.add(u.value());
      case Node.Binary b -> {
        all.add(b.left());
        all.add(b.right());
      }
      case Node.Concat c -> all.addAll(c.items());
      case Node.Comparison c -> {
        all.add(c.first());
        all.addAll(c.rest());
      }
      case Node.GetAttr g -> all.add(g.value());
      case Node.GetItem g -> {
        all.add(g.value());
        all.add(g.key());
      }
      case Node.Slice s -> {
        all.add(s.start());
        all.add(s.stop());
        all.add(s.step());
      }
      case Node.Call c -> {
        all.add(c.function());
        arguments(c.arguments(), all);
      }
      case Node.Apply a -> {
        all.add(a.value());
        arguments(a.arguments(), all);
      }
      case Node.Const c -> {}
      case Node.Data d -> {}
      case Name n -> {}
      case Node.NamespaceRef n -> {}
    }
    List<Expr> present = new ArrayList<>(all.size());
    for (Expr x : all) {
      if (x != null) {
        present.add(x);
      }
    }
    return present;
  }

  private static void arguments(Node.Arguments a, List<@Nullable Expr> all) {
    all.addAll(a.positional());
    all.addAll(a.named());
    all.add(a.more());
    all.add(a.moreNamed());
  }
}
