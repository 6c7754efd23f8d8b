package dev.peft4j.target;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TargetMatcherTest {

  /** What peft itself answered, for random paths and configurations. */
  static Stream<String> targets() throws IOException {
    return lines("targets.tsv");
  }

  static Stream<String> patterns() throws IOException {
    return lines("patterns.tsv");
  }

  private static Stream<String> lines(String resource) throws IOException {
    try (var in = TargetMatcherTest.class.getResourceAsStream(resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.startsWith("#"));
    }
  }

  @ParameterizedTest
  @MethodSource("targets")
  void answersAsPeftDoes(String line) {
    String[] f = line.split("\t", -1);
    var spec = TargetSpec.builder();
    if (f[1].startsWith("re:")) {
      spec.targetRegex(f[1].substring(3));
    } else {
      spec.targets(list(f[1]));
    }
    if (f[2].startsWith("re:")) {
      spec.excludeRegex(f[2].substring(3));
    } else {
      spec.exclude(list(f[2]));
    }
    spec.modulesToSave(list(f[3]));
    spec.layers(Stream.of(list(f[4])).mapToInt(Integer::parseInt).toArray());
    spec.layersPattern(list(f[5]));

    Match match = new TargetMatcher(spec.build()).match(f[0], false);

    String answer =
        switch (match.outcome()) {
          case TARGETED -> "yes";
          case EXCLUDED, SAVED -> "excluded";
          case OTHER_LAYER, NOT_NAMED -> "no";
        };
    assertThat(answer).as("%s by %s", match.outcome(), match.by()).isEqualTo(f[6]);
  }

  @ParameterizedTest
  @MethodSource("patterns")
  void takesTheKeyThatPeftTakes(String line) {
    String[] f = line.split("\t", -1);
    assertThat(new PatternKeys(List.of(list(f[1]))).first(f[0]))
        .isEqualTo(f[2].equals("-") ? null : f[2]);
  }

  private static String[] list(String field) {
    return field.equals("-") ? new String[0] : field.split(" ");
  }

  @Test
  void saysWhatDecided() {
    var matcher =
        new TargetMatcher(
            TargetSpec.builder()
                .targets("q", "m.layers.7.k")
                .exclude("a.q")
                .modulesToSave("head")
                .layers(1)
                .build());
    assertThat(matcher.match("m.layers.1.q", false))
        .isEqualTo(new Match(Match.Outcome.TARGETED, "q"));
    assertThat(matcher.match("m.layers.2.q", false))
        .isEqualTo(new Match(Match.Outcome.OTHER_LAYER, "q"));
    assertThat(matcher.match("m.layers.1.a.q", false))
        .isEqualTo(new Match(Match.Outcome.EXCLUDED, "a.q"));
    assertThat(matcher.match("head.q", false)).isEqualTo(new Match(Match.Outcome.SAVED, "head"));
    assertThat(matcher.match("m.layers.1.v", false))
        .isEqualTo(new Match(Match.Outcome.NOT_NAMED, null));
    assertThat(matcher.match("", false)).isEqualTo(new Match(Match.Outcome.NOT_NAMED, null));
    assertThat(matcher.match("m.layers.7.k", false).targeted())
        .as("an exact match ignores layers")
        .isTrue();
  }

  @Test
  void takesEveryLinearButWhatIsExcluded() {
    var matcher =
        new TargetMatcher(TargetSpec.builder().targets("All-Linear").exclude("fc2").build());
    assertThat(matcher.match("a.fc1", true).targeted()).isTrue();
    assertThat(matcher.match("a.fc2", true).outcome()).isEqualTo(Match.Outcome.EXCLUDED);
    assertThat(matcher.match("a.norm", false).targeted()).isFalse();
  }

  @Test
  void savesWithADotBoundary() {
    var matcher =
        new TargetMatcher(TargetSpec.builder().targets("q").modulesToSave("head").build());
    assertThat(matcher.saves("head")).isTrue();
    assertThat(matcher.saves("model.head")).isTrue();
    assertThat(matcher.saves("lm_head")).isFalse();
    assertThat(matcher.saves("head.fc")).as("it lies in a saved one").isFalse();
  }

  @Test
  void listsTargetsThatNamedNothing() {
    var matcher = new TargetMatcher(TargetSpec.of("q", "k", "v"));
    assertThat(matcher.unmatched(List.of("a.q", "b.v"))).containsExactly("k");
    assertThat(new TargetMatcher(TargetSpec.of("regex:x")).unmatched(List.of()))
        .containsExactly("x");
    assertThat(new TargetMatcher(TargetSpec.of("all-linear")).unmatched(List.of()))
        .containsExactly("all-linear");
  }

  @Test
  void readsThePrefixesOfTargets() {
    assertThat(TargetSpec.of("regex:fc[12]").targetRegex()).isEqualTo("fc[12]");
    assertThat(TargetSpec.of("ALL-linear").allLinear()).isTrue();
    assertThat(TargetSpec.of("a", "b").targets()).containsExactly("a", "b");
    assertThatThrownBy(() -> TargetSpec.of("a", "regex:b")).hasMessageContaining("only target");
    assertThatThrownBy(() -> TargetSpec.of("a", " ")).hasMessageContaining("empty");
  }

  @Test
  void refusesWhatPeftRefuses() {
    assertThatThrownBy(() -> TargetSpec.builder().targetRegex("a").layers(1).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("need a list of targets");
    assertThatThrownBy(() -> TargetSpec.builder().targets("a").layersPattern("h").build())
        .hasMessageContaining("needs layers");
    assertThatThrownBy(() -> TargetSpec.builder().targets("a").allLinear().build())
        .hasMessageContaining("more than one way");
    assertThatThrownBy(() -> TargetSpec.builder().exclude("a").excludeRegex("a").build())
        .hasMessageContaining("give one");
    assertThatThrownBy(() -> new TargetMatcher(TargetSpec.of("regex:fc(1")))
        .isInstanceOf(PatternSyntaxException.class);
  }

  @Test
  void readsPythonsRegularExpressions() {
    assertThat(
            new TargetMatcher(TargetSpec.of("regex:(?P<a_b>x)(?P=a_b)\\Z"))
                .match("xx", false)
                .targeted())
        .isTrue();
    assertThat(Regex.compile("[[a]{,2}\\[[^]x]&&").matches("a[[z&&")).isTrue();
    assertThatThrownBy(() -> Regex.compile("(?P<a")).isInstanceOf(PatternSyntaxException.class);
  }

  @Test
  void knowsTheHeadsThatTasksTrain() {
    assertThat(TaskTypes.modulesToSave("SEQ_CLS")).containsExactly("classifier", "score");
    assertThat(TaskTypes.modulesToSave("CAUSAL_LM")).isEmpty();
    assertThat(TaskTypes.all()).contains("SEQ_CLS").isSorted();
  }

  @Test
  void anExpressionThatWouldNotEndIsAnError() {
    var many = new TargetMatcher(TargetSpec.builder().targetRegex(".*.*.*.*.*.*.*.*.*x").build());
    assertThat(many.namedBy("layers.0.self_attn.q_proj" + "a".repeat(40), false)).isNull();
    var slow = new TargetMatcher(TargetSpec.builder().targetRegex("(a?){40}\\1b.*.*.*.*x").build());
    assertThatThrownBy(() -> slow.namedBy("a".repeat(40), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("takes too long for 'aaaa");
    assertThat(slow.namedBy("bx", false)).isNotNull();
    String nested = "(".repeat(100_000) + ")".repeat(100_000);
    assertThatThrownBy(() -> new TargetMatcher(TargetSpec.builder().targetRegex(nested).build()))
        .isInstanceOf(PatternSyntaxException.class);
  }
}
