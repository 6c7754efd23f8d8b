package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrintableTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "plain text",
        "Größe, naïve café",
        "中文 русский עברית العربية",
        "a\\b \\n",
        "👩‍👩‍👧 e\u0301",
        "می\u200cخواهم",
        "soft\u00adhyphen",
        "\u0600 1"
      })
  void whatIsSeenStays(String text) {
    assertThat(Printable.of(text)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "0,\\u0000",
        "7,\\u0007",
        "9,\\t",
        "a,\\n",
        "d,\\r",
        "1b,\\u001b",
        "7f,\\u007f",
        "85,\\u0085",
        "9b,\\u009b",
        "61c,\\u061c",
        "200b,\\u200b",
        "200e,\\u200e",
        "202a,\\u202a",
        "202e,\\u202e",
        "2028,\\u2028",
        "2029,\\u2029",
        "2060,\\u2060",
        "2066,\\u2066",
        "2069,\\u2069",
        "d800,\\ud800",
        "dc00,\\udc00",
        "feff,\\ufeff",
        "fffe,\\ufffe",
        "ffff,\\uffff",
        "e0041,\\udb40\\udc41",
        "1ffff,\\ud83f\\udfff"
      })
  void whatActsOrHidesIsEscaped(String hex, String escaped) {
    String c = Character.toString(Integer.parseInt(hex, 16));
    assertThat(Printable.of(c)).isEqualTo(escaped);
    assertThat(Printable.of("a" + c + "é")).isEqualTo("a" + escaped + "é");
  }

  @Test
  void nothingElseIsLeft() {
    StringBuilder all = new StringBuilder();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      all.appendCodePoint(c);
    }
    assertThat(Printable.of(all.toString()).codePoints().filter(Printable::isUnsafe)).isEmpty();
  }
}
