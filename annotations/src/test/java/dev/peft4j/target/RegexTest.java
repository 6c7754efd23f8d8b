package dev.peft4j.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.regex.PatternSyntaxException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RegexTest {
  /**
   * Each line: an expression and, for each of the texts in the first line, whether Python 3.11's
   * {@code re.fullmatch} (F), only its {@code re.match} (m) or neither (.) matches; or "error".
   */
  @Test
  void isPythons() throws IOException {
    List<String> lines = new ArrayList<>();
    try (InputStream in =
        Objects.requireNonNull(RegexTest.class.getResourceAsStream("python_re.tsv"))) {
      new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(lines::add);
    }
    String[] texts = lines.get(0).split("\t", -1);
    List<String> wrong = new ArrayList<>();
    for (String line : lines.subList(1, lines.size())) {
      int tab = line.indexOf('\t');
      String regex = unescaped(line.substring(0, tab));
      String here = result(regex, Arrays.copyOfRange(texts, 1, texts.length));
      if (!here.equals(line.substring(tab + 1))) {
        wrong.add(regex + "\n    python " + line.substring(tab + 1) + "\n    here   " + here);
      }
    }
    assertThat(lines).hasSizeGreaterThan(900);
    assertThat(wrong).isEmpty();
  }

  private static String result(String regex, String[] texts) {
    Regex compiled;
    try {
      compiled = Regex.compile(regex);
    } catch (PatternSyntaxException e) {
      return "error";
    }
    StringBuilder out = new StringBuilder();
    for (String text : texts) {
      String t = unescaped(text);
      boolean whole = compiled.matches(t);
      out.append(whole ? 'F' : compiled.startsWith(t) ? 'm' : '.');
    }
    return out.toString();
  }

  private static String unescaped(String s) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < s.length(); i++) {
      char c = s.charAt(i);
      if (c == '\\') {
        c = s.charAt(++i);
        c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
      }
      out.append(c);
    }
    return out.toString();
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\p{L}+", "\\Qa\\E", "\\h", "\\z", "\\G", "(?<n>a)", "a(?i)b", "\\k<n>"})
  void whatOnlyJavaKnowsIsRefused(String regex) {
    assertThatThrownBy(() -> new TargetMatcher(TargetSpec.builder().targetRegex(regex).build()))
        .isInstanceOf(PatternSyntaxException.class);
  }

  @Test
  void whatJavaReadsOtherwiseIsRefusedUnlessAFileSaysIt() {
    TargetSpec intersection = TargetSpec.builder().targetRegex("[a-z&&[^b]]").build();
    assertThatThrownBy(() -> new TargetMatcher(intersection))
        .isInstanceOf(PatternSyntaxException.class)
        .hasMessageContaining("Java for");
    assertThat(new TargetMatcher(intersection.asFromFile()).match("a]", false).targeted()).isTrue();
    assertThat(intersection).isEqualTo(intersection.asFromFile());
  }

  @Test
  @Timeout(20)
  void anyExpressionEndsInTimeStackAndMemory() {
    String path = "bert.encoder.layer.0.attention.self.query";
    Regex empty = Regex.compile("(((){60000}){60000}){60000}.*query");
    assertThat(empty.matches(path)).isTrue();
    assertThat(Regex.compile("(".repeat(300) + ".*query" + ")*".repeat(300)).matches(path))
        .isTrue();
    assertThat(Regex.compile(".*[" + "q".repeat(90_000) + "]uery").matches(path)).isTrue();
    assertThat(Regex.compile("(a|aa|b|.)+(?:.+)+([a-z.]+)*x").matches(path.repeat(20))).isFalse();
    for (String large : List.of("((a{500}){500}){500}", "(?:(?=a)b{60000}){60000}")) {
      assertThatThrownBy(() -> Regex.compile(large)).hasMessageContaining("more than 100000 steps");
    }
    for (String deep : List.of("(".repeat(100_000), "(?=".repeat(90_000), "(?i:".repeat(700))) {
      assertThatThrownBy(() -> Regex.compile(deep)).isInstanceOf(PatternSyntaxException.class);
    }
    for (String slow :
        List.of(
            "(.*)(.*)(.*)(.*)(.*)(.*)\\1\\2\\3\\4\\5\\6!",
            "(a|b|.)*?".repeat(50) + "(.)\\1!",
            "(?=.*(?=.*(?=.*(?=.*(?=.*!.*).*).*).*).*)".repeat(5) + "x")) {
      Regex regex = Regex.compile(slow);
      try {
        assertThat(regex.matches(path.repeat(4))).isFalse();
      } catch (IllegalArgumentException e) {
        assertThat(e).hasMessageContaining("takes too long for 'bert.");
      }
    }
  }

  @Test
  @Timeout(60)
  void randomExpressionsNeverDoMoreThanTheyMay() {
    Random random = new Random(3);
    String alphabet = "ab.*+?{}()[]|\\^$1,0dwPx=!<>:#-i &";
    long start = System.nanoTime();
    for (int i = 0; i < 20_000; i++) {
      StringBuilder regex = new StringBuilder();
      for (int k = random.nextInt(24); k >= 0; k--) {
        regex.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        Regex.compile(regex.toString()).matches("ab.ab.1.x(a)");
      } catch (IllegalArgumentException e) {
        assertThat(e.getMessage()).isNotNull(); // an error of syntax is one of these
      }
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(40));
  }

  @Test
  @Timeout(30)
  void manyNamesAndManyPathsAreLinear() {
    List<String> names = new ArrayList<>();
    List<String> paths = new ArrayList<>();
    List<String> anchored = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      names.add("layers." + i + ".q");
      anchored.add("^model\\.layers\\." + i + "\\.q");
      paths.add("model.layers." + i + ".q");
    }
    var matcher =
        new TargetMatcher(
            TargetSpec.builder()
                .names(names)
                .exclude("nothing", "model.layers.7.q")
                .modulesToSave(names.subList(50_000, 100_000).toArray(new String[0]))
                .build());
    var keys = new PatternKeys(names);
    var whole = new PatternKeys(anchored);
    int targeted = 0;
    for (int i = 0; i < paths.size(); i++) {
      targeted += matcher.match(paths.get(i), true).targeted() ? 1 : 0;
      assertThat(keys.first(paths.get(i))).isEqualTo(names.get(i));
      assertThat(whole.first(paths.get(i))).isEqualTo(anchored.get(i));
    }
    assertThat(targeted).isEqualTo(49_999);
    assertThat(matcher.unmatched(paths.subList(1, paths.size()))).containsExactly("layers.0.q");
  }

  @Test
  void namesAreLookedUpAsTheyWouldBeTried() {
    Random random = new Random(11);
    String[] parts = {"a", "b", "a.b", "a_b", "q", "0", "a.q", "", "aXb"};
    for (int i = 0; i < 3_000; i++) {
      List<String> names = new ArrayList<>();
      for (int k = random.nextInt(4); k >= 0; k--) {
        names.add(joined(random, parts, 1 + random.nextInt(3)));
      }
      String path = joined(random, parts, 1 + random.nextInt(5));
      assertThat(new PatternList("", names, "(^|.*\\.)", "($|\\..*)", true).first(path))
          .as(names + " in " + path)
          .isEqualTo(tried(names, "(^|.*\\.)", "($|\\..*)", path));
      assertThat(new PatternKeys(names).first(path))
          .as(names + " in " + path)
          .isEqualTo(tried(names, "(.*\\.)?(", ")$", path));
    }
  }

  private static String tried(List<String> names, String before, String after, String path) {
    return names.stream()
        .filter(n -> Regex.compile(before + n + after).startsWith(path))
        .findFirst()
        .orElse(null);
  }

  private static String joined(Random random, String[] parts, int n) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < n; i++) {
      out.append(i == 0 ? "" : ".").append(parts[random.nextInt(parts.length)]);
    }
    return out.toString();
  }
}
