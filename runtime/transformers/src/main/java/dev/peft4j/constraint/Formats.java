package dev.peft4j.constraint;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The formats of texts in JSON Schema: of each, texts that everybody takes as valid. */
final class Formats {
  private static final String DATE =
      "(?:19|20)\\d\\d-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])"
          + "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
  private static final String TIME =
      "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-](?:0\\d|1[0-3]):[0-5]\\d)";
  private static final String LABEL = "[a-z](?:[a-z0-9]{0,20}[a-z0-9])?(?:-[a-z0-9]{1,20})?";

  /** Domains that there are: some validators know them all. */
  private static final String ENDINGS =
      "com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|cloud|online|shop|site|tech|me|tv|eu|uk|us"
          + "|ca|mx|br|ar|cl|de|fr|es|it|nl|be|ch|at|se|no|dk|fi|pl|cz|pt|ie|gr|ru|ua|tr|il|in|cn"
          + "|jp|kr|tw|sg|my|th|id|ph|vn|au|nz|za|ng|ke|eg";

  private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,3}\\.[a-z]{2,6}";
  private static final String BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
  private static final String PATH = "(?:/[A-Za-z0-9._~-]{1,40}){0,8}/?";
  private static final Map<String, String> EXPRESSIONS = new LinkedHashMap<>();

  static {
    EXPRESSIONS.put("date", DATE);
    EXPRESSIONS.put("time", TIME);
    EXPRESSIONS.put("date-time", DATE + "T" + TIME);
    EXPRESSIONS.put(
        "duration",
        "P(?:\\d{1,4}W|\\d{1,4}D|\\d{1,4}DT\\d{1,4}H|T\\d{1,4}H(?:\\d{1,4}M(?:\\d{1,4}S)?)?"
            + "|T\\d{1,4}M(?:\\d{1,4}S)?|T\\d{1,4}S|\\d{1,4}Y(?:\\d{1,4}M(?:\\d{1,4}D)?)?"
            + "|\\d{1,4}M(?:\\d{1,4}D)?)");
    EXPRESSIONS.put(
        "email",
        "[A-Za-z0-9]{1,20}(?:[._+-][A-Za-z0-9]{1,10}){0,3}@"
            + LABEL
            + "(?:\\."
            + LABEL
            + "){0,3}\\.(?:"
            + ENDINGS
            + ")");
    EXPRESSIONS.put("hostname", HOST);
    EXPRESSIONS.put("ipv4", BYTE + "(?:\\." + BYTE + "){3}");
    EXPRESSIONS.put("ipv6", "[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}");
    EXPRESSIONS.put(
        "uuid", "[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    EXPRESSIONS.put(
        "uri", "https?://" + HOST + PATH + "(?:\\?[a-z0-9=&]{1,60})?(?:#[a-z0-9-]{1,40})?");
    EXPRESSIONS.put("uri-reference", PATH + "[A-Za-z0-9._~-]{1,40}");
    EXPRESSIONS.put("json-pointer", "(?:/[A-Za-z0-9._-]{0,40}){0,8}");
    EXPRESSIONS.put("regex", "[a-z0-9 ]{0,100}");
  }

  private Formats() {}

  /** Returns the texts of a format; null if it is not known. */
  static @Nullable Dfa of(String name) {
    String expression = EXPRESSIONS.get(name);
    return expression == null
        ? null
        : Nfa.whole(RegexReader.read(expression, name, true), "the format " + name);
  }

  static String names() {
    return String.join(", ", EXPRESSIONS.keySet());
  }
}
