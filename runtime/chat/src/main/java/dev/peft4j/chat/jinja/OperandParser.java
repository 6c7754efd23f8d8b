package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Arguments;
import dev.peft4j.chat.jinja.Node.Expr;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads what operators stand between: names, literals, and what follows them (attributes, items,
 * calls, filters, tests).
 */
abstract class OperandParser extends Tokens {
  private static final int MAX_NESTING = 150;
  private static final int MAX_HEIGHT = 400;
  private static final Set<String> ARGUMENT_STARTS =
      Set.of("name", "string", "integer", "float", "lbracket", "lbrace");

  private final Map<Expr, Integer> heights = new IdentityHashMap<>();
  private int nesting;

  OperandParser(Source source) {
    super(source);
  }

  /** Reads an expression; without {@code conditional}, an {@code if} ends it. */
  abstract Expr expression(boolean conditional);

  final Expr expression() {
    return expression(true);
  }

  /** Remembers how high the tree of {@code e} is, and refuses one that is too high. */
  final <T extends Expr> T tree(T e, @Nullable Expr... children) {
    int height = 0;
    for (Expr c : children) {
      height = Math.max(height, c == null ? 0 : heights.getOrDefault(c, 0));
    }
    if (height >= MAX_HEIGHT) {
      throw fail("an expression of more than " + MAX_HEIGHT + " levels", e.position());
    }
    heights.put(e, height + 1);
    return e;
  }

  final <T extends Expr> T tree(T e, List<Expr> children) {
    return tree(e, children.toArray(new Expr[0]));
  }

  final void nest() {
    if (++nesting > MAX_NESTING) {
      throw fail("more than " + MAX_NESTING + " expressions in each other");
    }
  }

  final void unnest() {
    nesting--;
  }

  Expr primary(boolean withNamespace) {
    Token token = current;
    switch (token.type()) {
      case "name" -> {
        next();
        return switch (token.text()) {
          case "true", "True" -> new Node.Const(true, token.position());
          case "false", "False" -> new Node.Const(false, token.position());
          case "none", "None" -> new Node.Const(None.NONE, token.position());
          default -> {
            if (withNamespace && skipIf("dot")) {
              yield new Node.NamespaceRef(token.text(), expect("name").text(), token.position());
            }
            yield new Node.Name(token.text(), Node.Name.Use.LOAD, token.position());
          }
        };
      }
      case "string" -> {
        next();
        StringBuilder text = new StringBuilder(token.text());
        while (current.is("string")) {
          text.append(next().text());
        }
        return new Node.Const(text.toString(), token.position());
      }
      case "integer", "float" -> {
        next();
        return new Node.Const(token.value(), token.position());
      }
      case "lparen" -> {
        next();
        nest();
        Expr e = tuple(false, true, null, true, false);
        unnest();
        expect("rparen");
        return e;
      }
      case "lbracket" -> {
        return list();
      }
      case "lbrace" -> {
        return dict();
      }
      default -> throw fail("unexpected " + Repr.quote(token.describe()));
    }
  }

  /**
   * An expression, or several with commas between: a tuple. {@code end} is a name that ends it,
   * too.
   */
  Expr tuple(
      boolean simplified,
      boolean conditional,
      @Nullable String end,
      boolean parentheses,
      boolean withNamespace) {
    int position = current.position();
    List<Expr> items = new ArrayList<>();
    boolean isTuple = false;
    while (true) {
      if (!items.isEmpty()) {
        expect("comma");
      }
      if (current.is("variable_end")
          || current.is("block_end")
          || current.is("rparen")
          || (end != null && current.isName(end))) {
        break;
      }
      items.add(simplified ? primary(withNamespace) : expression(conditional));
      if (!current.is("comma")) {
        break;
      }
      isTuple = true;
    }
    if (!isTuple) {
      if (!items.isEmpty()) {
        return items.getFirst();
      }
      if (!parentheses) {
        throw fail("Expected an expression, got " + Repr.quote(current.describe()));
      }
    }
    return tree(new Node.TupleExpr(items, position), items);
  }

  private Expr list() {
    int position = expect("lbracket").position();
    nest();
    List<Expr> items = new ArrayList<>();
    while (!current.is("rbracket")) {
      if (!items.isEmpty()) {
        expect("comma");
      }
      if (current.is("rbracket")) {
        break;
      }
      items.add(expression());
    }
    unnest();
    expect("rbracket");
    return tree(new Node.ListExpr(items, position), items);
  }

  private Expr dict() {
    int position = expect("lbrace").position();
    nest();
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!current.is("rbrace")) {
      if (!keys.isEmpty()) {
        expect("comma");
      }
      if (current.is("rbrace")) {
        break;
      }
      keys.add(expression());
      expect("colon");
      values.add(expression());
    }
    unnest();
    expect("rbrace");
    List<Expr> all = new ArrayList<>(keys);
    all.addAll(values);
    return tree(new Node.DictExpr(keys, values, position), all);
  }

  final Expr postfix(Expr node) {
    while (true) {
      if (current.is("dot") || current.is("lbracket")) {
        node = subscript(node);
      } else if (current.is("lparen")) {
        node = call(node);
      } else {
        return node;
      }
    }
  }

  final Expr filters(Expr node) {
    while (true) {
      if (current.is("pipe")) {
        node = java.util.Objects.requireNonNull(filter(node, false));
      } else if (current.isName("is")) {
        node = test(node);
      } else if (current.is("lparen")) {
        node = call(node);
      } else {
        return node;
      }
    }
  }

  private Expr subscript(Expr node) {
    Token token = next();
    if (token.is("dot")) {
      Token attribute = next();
      if (attribute.is("name")) {
        return tree(new Node.GetAttr(node, attribute.text(), token.position()), node);
      }
      if (!attribute.is("integer")) {
        throw fail("expected name or number", attribute.position());
      }
      return tree(
          new Node.GetItem(
              node, new Node.Const(attribute.value(), attribute.position()), token.position()),
          node);
    }
    nest();
    List<Expr> keys = new ArrayList<>();
    while (!current.is("rbracket")) {
      if (!keys.isEmpty()) {
        expect("comma");
      }
      keys.add(subscribed());
    }
    unnest();
    expect("rbracket");
    Expr key =
        keys.size() == 1 ? keys.getFirst() : tree(new Node.TupleExpr(keys, token.position()), keys);
    return tree(new Node.GetItem(node, key, token.position()), node, key);
  }

  private Expr subscribed() {
    int position = current.position();
    Expr start = null;
    if (!current.is("colon")) {
      start = expression();
      if (!current.is("colon")) {
        return start;
      }
    }
    next();
    Expr stop =
        current.is("colon") || current.is("rbracket") || current.is("comma") ? null : expression();
    Expr step = null;
    if (skipIf("colon") && !current.is("rbracket") && !current.is("comma")) {
      step = expression();
    }
    return tree(new Node.Slice(start, stop, step, position), start, stop, step);
  }

  private Arguments arguments() {
    int position = expect("lparen").position();
    nest();
    List<Expr> positional = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<Expr> named = new ArrayList<>();
    Expr more = null;
    Expr moreNamed = null;
    boolean comma = false;
    while (!current.is("rparen")) {
      if (comma) {
        expect("comma");
        if (current.is("rparen")) {
          break;
        }
      }
      boolean allowed = moreNamed == null;
      if (current.is("mul")) {
        allowed &= more == null;
        next();
        more = expression();
      } else if (current.is("pow")) {
        next();
        moreNamed = expression();
      } else if (current.is("name") && look().is("assign")) {
        if (names.contains(current.text())) {
          throw fail("keyword argument repeated: " + current.text());
        }
        names.add(next().text());
        next();
        named.add(expression());
      } else {
        allowed &= more == null && named.isEmpty();
        if (allowed) {
          positional.add(expression());
        }
      }
      if (!allowed) {
        throw fail("invalid syntax for function call expression", position);
      }
      comma = true;
    }
    unnest();
    expect("rparen");
    return new Arguments(positional, names, named, more, moreNamed);
  }

  private <T extends Expr> T withArguments(T e, @Nullable Expr value, Arguments a) {
    List<@Nullable Expr> all = new ArrayList<>(a.positional());
    all.addAll(a.named());
    all.add(value);
    all.add(a.more());
    all.add(a.moreNamed());
    return tree(e, all.toArray(new Expr[0]));
  }

  private Expr call(Expr function) {
    int position = current.position();
    Arguments a = arguments();
    return withArguments(new Node.Call(function, a, position), function, a);
  }

  @Nullable Expr filter(@Nullable Expr node, boolean inline) {
    while (current.is("pipe") || inline) {
      if (!inline) {
        next();
      }
      Token token = current;
      String name = dotted();
      Arguments a = current.is("lparen") ? arguments() : Arguments.NONE;
      node = withArguments(new Node.Apply(node, false, name, a, token.position()), node, a);
      inline = false;
    }
    return node;
  }

  private String dotted() {
    StringBuilder name = new StringBuilder(expect("name").text());
    while (skipIf("dot")) {
      name.append('.').append(expect("name").text());
    }
    return name.toString();
  }

  private Expr test(Expr node) {
    int position = next().position();
    boolean negated = skipName("not");
    String name = dotted();
    Arguments a = Arguments.NONE;
    if (current.is("lparen")) {
      a = arguments();
    } else if (ARGUMENT_STARTS.contains(current.type())
        && !current.isName("else")
        && !current.isName("or")
        && !current.isName("and")) {
      if (current.isName("is")) {
        throw fail("You cannot chain multiple tests with is");
      }
      a = new Arguments(List.of(postfix(primary(false))), List.of(), List.of(), null, null);
    }
    Expr test = withArguments(new Node.Apply(node, true, name, a, position), node, a);
    return negated ? tree(new Node.Not(test, position), test) : test;
  }
}
