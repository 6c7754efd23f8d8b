package dev.peft4j.target;

import java.util.List;
import java.util.Map;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A regular expression by the rules of Python's {@code re}, since that is what peft decides with.
 * Expressions come from files of strangers, so that nothing about them is trusted: how deep they
 * nest, how many steps they become, and how many steps are taken are all bounded.
 */
final class Regex {
  /** The steps that an expression, or several that are tried together, may take. */
  static final class Budget {
    /** Steps that matching may take beyond what each text is granted. */
    private static final long CREDIT = 20_000_000;

    /** Steps that each text is granted, besides some for each step of the program. */
    private static final long GRANT = 10_000;

    private static final long MAX_GRANT = 200_000;

    private final String setting;
    private final int sharers;
    private long credit = CREDIT;

    /**
     * @param setting what peft calls the setting that the expressions stand in, or nothing
     * @param sharers how many expressions there are
     */
    Budget(String setting, int sharers) {
      this.setting = setting;
      this.sharers = Math.max(1, sharers);
    }

    synchronized long granted(int size) {
      credit = Math.min(CREDIT, credit + (GRANT + Math.min(MAX_GRANT, 4L * size)) / sharers);
      return credit;
    }

    synchronized void take(long steps) {
      credit = Math.max(0, credit - steps);
    }
  }

  /**
   * An expression that is just characters.
   *
   * @param anchored whether it begins with {@code ^}
   * @param chars the characters; -1 is a dot, any one but a newline
   */
  record Plain(boolean anchored, int[] chars) {}

  private final String regex;
  private final RegexNode root;
  private final RegexProgram program;
  private final Map<String, Integer> names;
  private final @Nullable String javaOnly;
  private final Budget budget;

  private Regex(
      String regex,
      RegexNode root,
      RegexProgram program,
      Map<String, Integer> names,
      @Nullable String javaOnly,
      Budget budget) {
    this.regex = regex;
    this.root = root;
    this.program = program;
    this.names = names;
    this.javaOnly = javaOnly;
    this.budget = budget;
  }

  /**
   * Compiles.
   *
   * @throws PatternSyntaxException saying what Python says
   */
  static Regex compile(String python) {
    return compile(python, false, new Budget("", 1));
  }

  /**
   * Compiles.
   *
   * @param captures whether {@link #group} will be called
   * @param budget of the steps that matching may take
   * @throws PatternSyntaxException saying what Python says
   */
  static Regex compile(String python, boolean captures, Budget budget) {
    try {
      RegexParser parser = new RegexParser(python);
      RegexNode root = parser.parse();
      RegexProgram program =
          new RegexProgram(
              RegexReader.shortened(python), parser.groups(), captures, parser.refers());
      root.emit(program);
      program.add(RegexProgram.MATCH, 0, 0);
      return new Regex(python, root, program, parser.names(), parser.javaOnly(), budget);
    } catch (StackOverflowError e) {
      throw RegexParser.tooDeep(python);
    }
  }

  /** Whether it matches a whole text: Python's {@code fullmatch}. */
  boolean matches(String text) {
    return run(text, true).matched();
  }

  /** Whether it matches at the beginning of a text: Python's {@code match}. */
  boolean startsWith(String text) {
    return run(text, false).matched();
  }

  /** Whether it matches the text, or may match a longer one that begins with it. */
  boolean matchesOrMight(String text) {
    RegexMatcher matcher = run(text, true);
    return matcher.matched() || matcher.reachedEnd();
  }

  /** What a group has where it matches at the beginning of a text; null if it does not match. */
  @Nullable String group(String text, String group) {
    RegexMatcher matcher = run(text, false);
    Integer number = names.get(group);
    return matcher.matched() && number != null ? matcher.group(number) : null;
  }

  /** The characters that it stands for; null if it is more than just characters. */
  @Nullable Plain plain() {
    List<RegexNode> items =
        root instanceof RegexNode.Sequence ? ((RegexNode.Sequence) root).items() : List.of(root);
    boolean anchored =
        !items.isEmpty() && items.get(0).equals(new RegexNode.At(RegexNode.At.START));
    int[] all = new int[items.size() - (anchored ? 1 : 0)];
    for (int i = 0; i < all.length; i++) {
      RegexNode item = items.get(i + (anchored ? 1 : 0));
      if (!(item instanceof RegexNode.Char)) {
        return null;
      }
      RegexChars c = ((RegexNode.Char) item).chars();
      all[i] = c.literal();
      if (all[i] < 0 && c != RegexChars.NOT_NEWLINE) {
        return null;
      }
    }
    return new Plain(anchored, all);
  }

  /**
   * Throws if Java would read a part of it otherwise: whoever writes Java may have meant that.
   *
   * @throws PatternSyntaxException naming that part
   */
  Regex requireSameInJava() {
    if (javaOnly != null) {
      throw new PatternSyntaxException(javaOnly, RegexReader.shortened(regex), -1);
    }
    return this;
  }

  private RegexMatcher run(String text, boolean whole) {
    long granted = budget.granted(program.size());
    RegexMatcher matcher = new RegexMatcher(program, text, whole, granted);
    boolean finished = false;
    try {
      matcher.run();
      finished = matcher.left() >= 0;
    } catch (StackOverflowError e) {
      finished = false; // a lookahead within another, a few hundred times
    }
    budget.take(granted - matcher.left());
    if (!finished) {
      throw new SlowPatternException(
          (budget.setting.isEmpty() ? "" : budget.setting + ": ")
              + "the regular expression '"
              + RegexReader.shortened(regex)
              + "' takes too long for '"
              + RegexReader.shortened(text)
              + "': it can match in too many ways; use fewer * and + in it");
    }
    return matcher;
  }

  @Override
  public String toString() {
    return regex;
  }
}
