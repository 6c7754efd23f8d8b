package dev.peft4j.chat.jinja;

import dev.peft4j.chat.jinja.Node.Expr;
import dev.peft4j.chat.jinja.Node.Name;
import dev.peft4j.chat.jinja.Node.Stmt;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads a template. */
final class Parser extends ExprParser {
  private static final int MAX_NESTING = 100;

  private final Deque<String> tags = new ArrayDeque<>();
  private final Deque<List<String>> ends = new ArrayDeque<>();

  private Parser(Source source) {
    super(source);
  }

  static List<Stmt> parse(Source source) {
    return new Parser(source).body(List.of());
  }

  private List<Stmt> body(List<String> until) {
    List<Stmt> body = new ArrayList<>();
    List<Expr> output = new ArrayList<>();
    if (!until.isEmpty()) {
      ends.push(until);
    }
    while (!current.is("eof")) {
      if (current.is("data")) {
        Token token = next();
        output.add(new Node.Data(token.text(), token.position()));
      } else if (current.is("variable_begin")) {
        next();
        output.add(tuple(false, true, null, false, false));
        expect("variable_end");
      } else {
        flush(output, body);
        next();
        if (current.is("name") && until.contains(current.text())) {
          ends.pop();
          return body;
        }
        body.add(statement());
        expect("block_end");
      }
    }
    flush(output, body);
    if (!until.isEmpty()) {
      throw unknown(null, current.position());
    }
    return body;
  }

  private static void flush(List<Expr> output, List<Stmt> body) {
    if (!output.isEmpty()) {
      body.add(new Node.Output(List.copyOf(output), output.getFirst().position()));
      output.clear();
    }
  }

  /** The statements up to one of the tags {@code until}, which is the current token then. */
  private List<Stmt> statements(String... until) {
    skipIf("colon");
    expect("block_end");
    return body(Arrays.asList(until));
  }

  /** The statements up to the tag {@code until}, which is read, too. */
  private List<Stmt> statementsTo(String until) {
    List<Stmt> body = statements(until);
    next();
    return body;
  }

  private JinjaException unknown(@Nullable String tag, int position) {
    StringBuilder message =
        new StringBuilder(
            tag == null
                ? "Unexpected end of template."
                : "Encountered unknown tag " + Repr.quote(tag) + ".");
    if (!ends.isEmpty()) {
      String looking = ends.peek().stream().map(Repr::quote).collect(Collectors.joining(" or "));
      boolean nesting = tag != null && ends.stream().anyMatch(e -> e.contains(tag));
      message.append(
          nesting
              ? " You probably made a nesting mistake. Jinja is expecting this tag, but currently"
                  + " looking for "
                  + looking
                  + "."
              : " Jinja was looking for the following tags: " + looking + ".");
    }
    if (!tags.isEmpty()) {
      message
          .append(" The innermost block that needs to be closed is ")
          .append(Repr.quote(tags.peek()))
          .append('.');
    }
    return fail(message.toString(), position);
  }

  private Stmt statement() {
    Token token = current;
    if (!token.is("name")) {
      throw fail("tag name expected");
    }
    String tag = token.text();
    if (tags.size() >= MAX_NESTING) {
      throw fail("more than " + MAX_NESTING + " blocks in each other");
    }
    tags.push(tag);
    int position = token.position();
    Stmt statement =
        switch (tag) {
          case "for" -> parseFor();
          case "if" -> parseIf();
          case "set" -> parseSet();
          case "with" -> parseWith();
          case "macro" -> parseMacro();
          case "call" -> parseCall();
          case "filter" -> {
            next();
            Expr filter = java.util.Objects.requireNonNull(filter(null, true));
            yield new Node.FilterBlock(filter, statementsTo("endfilter"), position);
          }
          case "print" -> parsePrint();
          case "generation" -> {
            next();
            yield new Node.CallBlock(
                null, List.of(), List.of(), statementsTo("endgeneration"), position);
          }
          case "break", "continue" -> {
            next();
            yield new Node.Jump(tag.equals("break"), position);
          }
          case "block" -> parseBlock();
          case "autoescape" -> {
            next();
            Expr on = expression();
            yield new Node.AutoEscape(on, statementsTo("endautoescape"), position);
          }
          case "include", "import", "from", "extends" -> parseLoad(tag);
          default -> {
            tags.pop();
            throw unknown(tag, position);
          }
        };
    tags.pop();
    return statement;
  }

  private Expr target(@Nullable String end, boolean withNamespace) {
    int position = current.position();
    return store(tuple(true, true, end, false, withNamespace), position);
  }

  private Expr store(Expr target, int position) {
    return switch (target) {
      case Name n -> n.as(Name.Use.STORE);
      case Node.NamespaceRef n -> n;
      case Node.TupleExpr t ->
          new Node.TupleExpr(t.items().stream().map(i -> store(i, position)).toList(), position);
      default -> throw fail("can't assign to " + Repr.quote(kind(target)), position);
    };
  }

  private static String kind(Expr e) {
    return switch (e) {
      case Node.Const c -> "const";
      case Node.ListExpr l -> "list";
      case Node.DictExpr d -> "dict";
      default -> e.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    };
  }

  private Name nameTarget(Name.Use use) {
    Token token = expect("name");
    if (List.of("true", "false", "none", "True", "False", "None").contains(token.text())) {
      throw fail("can't assign to 'name'", token.position());
    }
    return new Name(token.text(), use, token.position());
  }

  private Stmt parseFor() {
    int position = next().position();
    Expr target = target("in", false);
    expectName("in");
    Expr items = tuple(false, false, "recursive", false, false);
    Expr test = skipName("if") ? expression() : null;
    boolean recursive = skipName("recursive");
    List<Stmt> body = statements("endfor", "else");
    List<Stmt> otherwise = next().isName("endfor") ? List.of() : statementsTo("endfor");
    return new Node.For(target, items, test, recursive, body, otherwise, position);
  }

  private Stmt parseIf() {
    int position = next().position();
    Expr test = tuple(false, false, null, false, false);
    List<Stmt> body = statements("elif", "else", "endif");
    List<Node.If> elifs = new ArrayList<>();
    List<Stmt> otherwise = List.of();
    while (true) {
      Token token = next();
      if (token.isName("elif")) {
        int at = current.position();
        Expr t = tuple(false, false, null, false, false);
        elifs.add(new Node.If(t, statements("elif", "else", "endif"), List.of(), List.of(), at));
        continue;
      }
      if (token.isName("else")) {
        otherwise = statementsTo("endif");
      }
      return new Node.If(test, body, elifs, otherwise, position);
    }
  }

  private Stmt parseSet() {
    int position = next().position();
    Expr target = target(null, true);
    if (skipIf("assign")) {
      return new Node.Assign(target, tuple(false, true, null, false, false), position);
    }
    Expr filter = filter(null, false);
    return new Node.AssignBlock(target, filter, statementsTo("endset"), position);
  }

  private Stmt parseWith() {
    int position = next().position();
    List<Expr> targets = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!current.is("block_end")) {
      if (!targets.isEmpty()) {
        expect("comma");
      }
      targets.add(parameters(target(null, false)));
      expect("assign");
      values.add(expression());
    }
    return new Node.With(targets, values, statementsTo("endwith"), position);
  }

  static Expr parameters(Expr target) {
    return switch (target) {
      case Name n -> n.as(Name.Use.PARAM);
      case Node.TupleExpr t ->
          new Node.TupleExpr(t.items().stream().map(Parser::parameters).toList(), t.position());
      default -> target;
    };
  }

  private void signature(List<Name> parameters, List<Expr> defaults) {
    expect("lparen");
    while (!current.is("rparen")) {
      if (!parameters.isEmpty()) {
        expect("comma");
      }
      Name name = nameTarget(Name.Use.PARAM);
      if (parameters.stream().anyMatch(p -> p.name().equals(name.name()))) {
        throw fail(
            "duplicate argument " + Repr.quote(name.name()) + " in function definition",
            name.position());
      }
      if (skipIf("assign")) {
        defaults.add(expression());
      } else if (!defaults.isEmpty()) {
        throw fail("non-default argument follows default argument");
      }
      parameters.add(name);
    }
    expect("rparen");
  }

  private Stmt parseMacro() {
    int position = next().position();
    String name = nameTarget(Name.Use.STORE).name();
    List<Name> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    signature(parameters, defaults);
    return new Node.MacroDef(name, parameters, defaults, statementsTo("endmacro"), position);
  }

  private Stmt parseCall() {
    int position = next().position();
    List<Name> parameters = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    if (current.is("lparen")) {
      signature(parameters, defaults);
    }
    if (!(expression() instanceof Node.Call call)) {
      throw fail("expected call", position);
    }
    return new Node.CallBlock(call, parameters, defaults, statementsTo("endcall"), position);
  }

  private Stmt parsePrint() {
    int position = next().position();
    List<Expr> items = new ArrayList<>();
    while (!current.is("block_end")) {
      if (!items.isEmpty()) {
        expect("comma");
      }
      items.add(expression());
    }
    return new Node.Output(items, position);
  }

  private Stmt parseBlock() {
    int position = next().position();
    String name = expect("name").text();
    boolean scoped = skipName("scoped");
    boolean required = skipName("required");
    if (current.is("sub")) {
      throw fail(
          "Block names in Jinja have to be valid Python identifiers and may not contain hyphens,"
              + " use an underscore instead.");
    }
    List<Stmt> body = statementsTo("endblock");
    if (required) {
      for (Stmt s : body) {
        if (!(s instanceof Node.Output o)
            || !o.items().stream().allMatch(i -> i instanceof Node.Data d && d.text().isBlank())) {
          throw fail("Required blocks can only contain comments or whitespace");
        }
      }
    }
    skipName(name);
    return new Node.Block(name, scoped, required, body, position);
  }

  private Stmt parseLoad(String tag) {
    int position = next().position();
    Expr template = expression();
    List<String> stores = new ArrayList<>();
    if (tag.equals("import")) {
      expectName("as");
      stores.add(nameTarget(Name.Use.STORE).name());
    } else if (tag.equals("from")) {
      expectName("import");
      do {
        String name = nameTarget(Name.Use.STORE).name();
        stores.add(skipName("as") ? nameTarget(Name.Use.STORE).name() : name);
      } while (skipIf("comma") && current.is("name"));
    } else if (tag.equals("include") && current.isName("ignore") && look().isName("missing")) {
      next();
      next();
    }
    if ((current.isName("with") || current.isName("without")) && look().isName("context")) {
      next();
      next();
    }
    return new Node.Load(template, stores, position);
  }
}
