package dev.peft4j.chat.jinja;

import java.util.ArrayDeque;
import java.util.Deque;

/** The tokens of a template, one after the other. */
class Tokens {
  final Source source;
  private final Lexer lexer;
  private final Deque<Token> pushed = new ArrayDeque<>();
  Token current;

  Tokens(Source source) {
    this.source = source;
    this.lexer = new Lexer(source);
    this.current = lexer.next();
  }

  Token next() {
    Token now = current;
    if (!pushed.isEmpty()) {
      current = pushed.poll();
    } else if (!current.is("eof")) {
      current = lexer.next();
    }
    return now;
  }

  Token look() {
    if (pushed.isEmpty() && !current.is("eof")) {
      pushed.add(lexer.next());
    }
    return pushed.isEmpty() ? current : pushed.peek();
  }

  boolean skipIf(String type) {
    if (current.is(type)) {
      next();
      return true;
    }
    return false;
  }

  boolean skipName(String name) {
    if (current.isName(name)) {
      next();
      return true;
    }
    return false;
  }

  Token expect(String type) {
    if (!current.is(type)) {
      throw unexpected(Token.describe(type));
    }
    return next();
  }

  void expectName(String name) {
    if (!current.isName(name)) {
      throw unexpected(name);
    }
    next();
  }

  private JinjaException unexpected(String wanted) {
    if (current.is("eof")) {
      return fail("unexpected end of template, expected " + Repr.quote(wanted) + ".");
    }
    return fail("expected token " + Repr.quote(wanted) + ", got " + Repr.quote(current.describe()));
  }

  JinjaException fail(String message) {
    return fail(message, current.position());
  }

  JinjaException fail(String message, int position) {
    return source.error(message, position);
  }
}
