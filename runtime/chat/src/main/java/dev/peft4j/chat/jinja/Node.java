package dev.peft4j.chat.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tree of a template. */
sealed interface Node {
  /** Where it begins in the source. */
  int position();

  /** An expression. */
  sealed interface Expr extends Node {}

  /** A statement. */
  sealed interface Stmt extends Node {}

  record Const(Object value, int position) implements Expr {}

  record Name(String name, Use use, int position) implements Expr {
    enum Use {
      LOAD,
      STORE,
      PARAM
    }

    Name as(Use other) {
      return new Name(name, other, position);
    }
  }

  /** {@code name.attribute} as a target. */
  record NamespaceRef(String name, String attribute, int position) implements Expr {}

  record TupleExpr(List<Expr> items, int position) implements Expr {}

  record ListExpr(List<Expr> items, int position) implements Expr {}

  record DictExpr(List<Expr> keys, List<Expr> values, int position) implements Expr {}

  record Cond(Expr test, Expr then, @Nullable Expr otherwise, int position) implements Expr {}

  record Logic(boolean and, Expr left, Expr right, int position) implements Expr {}

  record Not(Expr value, int position) implements Expr {}

  record Unary(String operator, Expr value, int position) implements Expr {}

  record Binary(String operator, Expr left, Expr right, int position) implements Expr {}

  record Concat(List<Expr> items, int position) implements Expr {}

  record Comparison(Expr first, List<String> operators, List<Expr> rest, int position)
      implements Expr {}

  record GetAttr(Expr value, String name, int position) implements Expr {}

  record GetItem(Expr value, Expr key, int position) implements Expr {}

  record Slice(@Nullable Expr start, @Nullable Expr stop, @Nullable Expr step, int position)
      implements Expr {}

  /** The arguments of a call, a filter or a test. */
  record Arguments(
      List<Expr> positional,
      List<String> names,
      List<Expr> named,
      @Nullable Expr more,
      @Nullable Expr moreNamed) {
    static final Arguments NONE = new Arguments(List.of(), List.of(), List.of(), null, null);
  }

  record Call(Expr function, Arguments arguments, int position) implements Expr {}

  /** A filter or, if {@code test}, a test. */
  record Apply(@Nullable Expr value, boolean test, String name, Arguments arguments, int position)
      implements Expr {}

  record Output(List<Expr> items, int position) implements Stmt {}

  /** Text as it stands. */
  record Data(String text, int position) implements Expr {}

  record For(
      Expr target,
      Expr items,
      @Nullable Expr test,
      boolean recursive,
      List<Stmt> body,
      List<Stmt> otherwise,
      int position)
      implements Stmt {}

  record If(Expr test, List<Stmt> body, List<If> elifs, List<Stmt> otherwise, int position)
      implements Stmt {}

  record With(List<Expr> targets, List<Expr> values, List<Stmt> body, int position)
      implements Stmt {}

  record Assign(Expr target, Expr value, int position) implements Stmt {}

  record AssignBlock(Expr target, @Nullable Expr filter, List<Stmt> body, int position)
      implements Stmt {}

  record MacroDef(
      String name, List<Name> parameters, List<Expr> defaults, List<Stmt> body, int position)
      implements Stmt {}

  /** A call block; without a call it is {@code generation}. */
  record CallBlock(
      @Nullable Call call,
      List<Name> parameters,
      List<Expr> defaults,
      List<Stmt> body,
      int position)
      implements Stmt {}

  record FilterBlock(Expr filter, List<Stmt> body, int position) implements Stmt {}

  record Block(String name, boolean scoped, boolean required, List<Stmt> body, int position)
      implements Stmt {}

  record AutoEscape(Expr value, List<Stmt> body, int position) implements Stmt {}

  /**
   * {@code include}, {@code import}, {@code from}, {@code extends}: there is nothing to load from.
   */
  record Load(Expr template, List<String> stores, int position) implements Stmt {}

  record Jump(boolean isBreak, int position) implements Stmt {}
}
