package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Expr;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads expressions, with jinja2's precedence. */
class ExprParser extends OperandParser {
  private static final Set<String> COMPARISONS = Set.of("eq", "ne", "lt", "lteq", "gt", "gteq");

  ExprParser(Source source) {
    super(source);
  }

  @Override
  Expr expression(boolean conditional) {
    if (!conditional) {
      return or();
    }
    nest();
    int position = current.position();
    Expr first = or();
    while (skipName("if")) {
      Expr test = or();
      Expr otherwise = skipName("else") ? expression() : null;
      first = tree(new Node.Cond(test, first, otherwise, position), test, first, otherwise);
      position = current.position();
    }
    unnest();
    return first;
  }

  private Expr or() {
    int position = current.position();
    Expr left = and();
    while (skipName("or")) {
      Expr right = and();
      left = tree(new Node.Logic(false, left, right, position), left, right);
    }
    return left;
  }

  private Expr and() {
    int position = current.position();
    Expr left = not();
    while (skipName("and")) {
      Expr right = not();
      left = tree(new Node.Logic(true, left, right, position), left, right);
    }
    return left;
  }

  private Expr not() {
    if (current.isName("not")) {
      nest();
      int position = next().position();
      Expr value = not();
      unnest();
      return tree(new Node.Not(value, position), value);
    }
    return comparison();
  }

  private Expr comparison() {
    int position = current.position();
    Expr first = sum();
    List<String> operators = new ArrayList<>();
    List<Expr> rest = new ArrayList<>();
    while (true) {
      if (COMPARISONS.contains(current.type())) {
        operators.add(next().text());
      } else if (skipName("in")) {
        operators.add("in");
      } else if (current.isName("not") && look().isName("in")) {
        next();
        next();
        operators.add("not in");
      } else {
        break;
      }
      rest.add(sum());
    }
    if (operators.isEmpty()) {
      return first;
    }
    List<Expr> all = new ArrayList<>(rest);
    all.add(first);
    return tree(new Node.Comparison(first, operators, rest, position), all);
  }

  private Expr sum() {
    Expr left = concat();
    while (current.is("add") || current.is("sub")) {
      Token operator = next();
      Expr right = concat();
      left = tree(new Node.Binary(operator.text(), left, right, operator.position()), left, right);
    }
    return left;
  }

  private Expr concat() {
    int position = current.position();
    Expr first = product();
    if (!current.is("tilde")) {
      return first;
    }
    List<Expr> items = new ArrayList<>(List.of(first));
    while (skipIf("tilde")) {
      items.add(product());
    }
    return tree(new Node.Concat(items, position), items);
  }

  private Expr product() {
    Expr left = power();
    while (current.is("mul") || current.is("div") || current.is("floordiv") || current.is("mod")) {
      Token operator = next();
      Expr right = power();
      left = tree(new Node.Binary(operator.text(), left, right, operator.position()), left, right);
    }
    return left;
  }

  private Expr power() {
    Expr left = unary(true);
    while (current.is("pow")) {
      Token operator = next();
      Expr right = unary(true);
      left = tree(new Node.Binary("**", left, right, operator.position()), left, right);
    }
    return left;
  }

  private Expr unary(boolean withFilter) {
    Expr node;
    if (current.is("sub") || current.is("add")) {
      nest();
      Token operator = next();
      Expr value = unary(false);
      unnest();
      node = tree(new Node.Unary(operator.text(), value, operator.position()), value);
    } else {
      node = primary(false);
    }
    node = postfix(node);
    return withFilter ? filters(node) : node;
  }
}
