package dev.peft4j.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Templates of strangers: whatever they try, they end soon, in a text or in an error that a program
 * can catch.
 */
class HostileTemplateTest {
  private static final int FACTOR = Integer.getInteger("peft4j.attack", 1);
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final List<ChatMessage> TURN = List.of(ChatMessage.user("Hi"));

  static List<String> greedy() {
    String loop = "{% for a in range(100000) %}";
    String many = "{% for b in range(100000) %}";
    return List.of(
        loop + many + "{% endfor %}{% endfor %}",
        loop + many + "x{% endfor %}{% endfor %}",
        "{{ 'x' * 10**9 }}",
        "{{ [1] * 10**9 }}",
        "{{ ('x' * 10**6) * 10**6 }}",
        "{{ range(10**9) }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ (10 ** 30000) * (10 ** 30000) }}",
        "{% set n = namespace(x=2) %}" + loop + "{% set n.x = n.x * n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}" + loop + "{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}" + loop + "{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x=[]) %}" + loop + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}",
        "{% set n = namespace(x=[]) %}"
            + loop
            + "{% set n.x = [n.x] %}{% endfor %}{{ n.x | tojson }}",
        "{% set n = namespace(x=[]) %}"
            + loop
            + "{% set n.x = [n.x] %}{% endfor %}{{ n.x == n.x[0] }}",
        "{% set n = namespace(x=()) %}" + loop + "{% set n.x = (n.x,) %}{% endfor %}{{ {n.x: 1} }}",
        "{% set n = namespace(x=[]) %}"
            + loop
            + "{% set n.x = [n.x] %}{% endfor %}{{ n.x | pprint }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%.1000000000f' % 1 }}",
        "{{ '%*d' % (2 ** 40, 1) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ '{:>{}}'.format('x', 10**9) }}",
        "{{ '{:,.1000000000f}'.format(1.5) }}",
        "{{ 'x'.center(10**9) }}",
        "{{ 'x'.zfill(10**9) }}",
        "{{ '\\t'.expandtabs(10**9) }}",
        "{{ 'a\\nb' | indent(10**9) }}",
        "{{ [1] | batch(10**9, 0) | list }}",
        "{{ [1] | slice(10**9) | list }}",
        "{{ 'abc' | wordwrap(1, wrapstring='x' * 10**8) }}",
        "{{ ('a' * 10**6).replace('a', 'b' * 10**6) }}",
        "{{ ('a' * 10**6).replace('', 'b' * 10**6) }}",
        "{{ ('x' * 10**6).join(['a'] * 10**5) }}",
        "{{ (['a'] * 10**6) | join('x' * 10**6) }}",
        "{{ {'a': [1] * 10**5} | tojson(indent=10**6) }}",
        "{{ ('a' * 10**7).count('a' * 10**6 ~ 'b') }}{{ ('a' * 10**7).count('a' * 10**6 ~ 'b') }}"
            .repeat(20),
        loop + "{{ 'a' * 100000 in 'b' * 100000 }}{% endfor %}",
        loop + "{{ ('a' * 100000) | sort | unique | list }}{% endfor %}",
        "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(100)"
            + " }}",
        "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{% call m() %}{{ caller() }}{%"
            + " endcall %}{% endcall %}"
            + loop
            + many
            + "{% endfor %}{% endfor %}",
        "{% block a %}{{ self.a() }}{% endblock %}",
        "{{ " + "(".repeat(100_000) + ")".repeat(100_000) + " }}",
        "{{ " + "[".repeat(100_000) + " }}",
        "{{ " + "-".repeat(100_000) + "1 }}",
        "{{ " + "not ".repeat(100_000) + "1 }}",
        "{{ 1" + " + 1".repeat(100_000) + " }}",
        "{{ 1" + " if 1 else 1".repeat(100_000) + " }}",
        "{{ x" + ".x".repeat(100_000) + " }}",
        "{{ x" + "[0]".repeat(100_000) + " }}",
        "{{ x" + "|upper".repeat(100_000) + " }}",
        "{{ x" + "()".repeat(100_000) + " }}",
        "{{ f(".repeat(10_000) + "}}",
        "{% if 1 %}".repeat(100_000),
        "{% for x in y %}".repeat(100_000) + "{% endfor %}".repeat(100_000),
        "{% macro a() %}".repeat(10_000),
        "{{ " + "9".repeat(100_000) + " }}",
        "{{ ('9' * 4000) | int ** 100 }}",
        "{{ ('1' * 10**7) | int }}",
        loop
            + "{% set x = dict(range(10)|map('string')|batch(2)) %}{{ x }}"
            + many
            + "{% endfor %}{% endfor %}");
  }

  @ParameterizedTest
  @MethodSource("greedy")
  void endsSoon(String template) {
    Assertions.assertTimeout(
        SOON,
        () -> {
          ChatTemplateException e =
              catchThrowableOfType(
                  ChatTemplateException.class,
                  () ->
                      assertThat(ChatTemplate.of(template).render(TURN).text().length())
                          .isLessThan(70_000_000));
          if (e != null) {
            assertThat(e.getMessage().length()).isLessThan(10_000);
          }
        });
  }

  @Test
  void doesNotEndByItself() {
    ChatTemplateException e =
        catchThrowableOfType(
            ChatTemplateException.class,
            () ->
                ChatTemplate.of(greedy().getFirst())
                    .render(TURN, RenderOptions.NONE.limits(10_000, 1000)));
    assertThat(e.kind()).isEqualTo(ChatTemplateException.Kind.LIMIT);
    assertThat(e.problem()).contains("10000 steps");
  }

  @Test
  void seesNothingOfJava() {
    for (String path :
        List.of(
            "messages.getClass()",
            "messages.class",
            "''.__class__",
            "''.__class__.__mro__",
            "messages.__class__",
            "messages[0].getClass().forName('java.lang.Runtime')",
            "self.__init__.__globals__",
            "range.__globals__",
            "strftime_now.__globals__",
            "cycler.__init__",
            "''.getBytes()",
            "messages.items.invoke()",
            "(1).hashCode()",
            "''['__class__']",
            "'{0.__class__.__mro__}'.format('')",
            "'{0.getClass}'.format('')",
            "messages | attr('__class__')",
            "messages | attr('getClass')",
            "[''] | map(attribute='__class__.__mro__') | list",
            "lipsum.__globals__['os']")) {
      String text;
      try {
        text = ChatTemplate.of("{{ " + path + " }}").render(TURN).text();
      } catch (ChatTemplateException e) {
        text = "";
      }
      assertThat(text).as(path).doesNotContain("class ").doesNotContain("java");
    }
    for (String file :
        List.of("{% include '/etc/passwd' %}", "{% import 'x' as y %}", "{% extends 'x' %}")) {
      assertThat(
              catchThrowableOfType(
                      ChatTemplateException.class, () -> ChatTemplate.of(file).render(TURN))
                  .problem())
          .isEqualTo("no loader for this environment specified");
    }
  }

  @Test
  void leavesTheConversationAsItIs() {
    for (String write :
        List.of(
            "messages.append(1)",
            "messages[0].update({})",
            "messages[0].pop('role')",
            "messages.clear()")) {
      assertThat(
              catchThrowableOfType(
                      ChatTemplateException.class,
                      () -> ChatTemplate.of("{{ " + write + " }}").render(TURN))
                  .pythonType())
          .isEqualTo("SecurityError");
    }
  }

  private static List<String> seeds() throws IOException {
    List<String> seeds = new ArrayList<>();
    try (InputStream in = HostileTemplateTest.class.getResourceAsStream("jinja2.json")) {
      for (JsonNode s : new ObjectMapper().readTree(Objects.requireNonNull(in)).path("snippets")) {
        seeds.add(s.path("template").asText());
      }
    }
    return seeds;
  }

  /** Templates that were cut, glued and scratched: each renders or is refused, and nothing else. */
  @Test
  void survivesBrokenTemplates() throws IOException {
    Random random = new Random(16);
    List<String> seeds = seeds();
    String alphabet = "{%}#\"'()[]|.,:~+-*/ \n\\0aé";
    RenderOptions options = RenderOptions.NONE.limits(200_000, 1_000_000);
    int rendered = 0;
    for (int round = 0; round < 3000 * FACTOR; round++) {
      StringBuilder t = new StringBuilder(seeds.get(random.nextInt(seeds.size())));
      for (int i = random.nextInt(4); i >= 0; i--) {
        int at = random.nextInt(t.length() + 1);
        switch (random.nextInt(3)) {
          case 0 -> t.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
          case 1 -> t.delete(at, Math.min(t.length(), at + 1 + random.nextInt(5)));
          default -> {
            String other = seeds.get(random.nextInt(seeds.size()));
            t.insert(at, other.substring(random.nextInt(other.length() + 1)));
          }
        }
      }
      try {
        ChatTemplate.of(t.toString()).render(TURN, options);
        rendered++;
      } catch (ChatTemplateException e) {
        assertThat(e.getMessage()).isNotEmpty();
      } catch (RuntimeException | StackOverflowError e) {
        throw new AssertionError("round " + round + ": " + t, e);
      }
    }
    assertThat(rendered).isPositive();
  }
}
