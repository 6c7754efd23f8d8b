package dev.peft4j.hub;

import dev.peft4j.io.Printable;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Messages for the Hub's answers. */
final class Answers {
  private static final int MAX_LENGTH = 200;

  /** The Hub's own header: {@code "api";r=0;t=55}, where t is in seconds. */
  private static final Pattern RATE = Pattern.compile(";\\s*t=([0-9]{1,9})");

  private Answers() {}

  /** Returns the exception for an answer that is not a success; its body is closed. */
  static HubException failure(
      HubClient.Ask ask,
      HttpResponse<InputStream> response,
      HubSettings settings,
      @Nullable Duration wait)
      throws IOException {
    response.body().close();
    return new HubException(ask.subject(), sentence(ask, response, settings, wait));
  }

  private static String sentence(
      HubClient.Ask ask,
      HttpResponse<InputStream> response,
      HubSettings settings,
      @Nullable Duration wait) {
    int status = response.statusCode();
    if (ask.isPlain()) {
      return status == 404
          ? "there is no such file (404); check the address"
          : "the server refuses it (" + status + (status >= 500 ? "); try again later" : ")");
    }
    String code = header(response.headers(), "X-Error-Code");
    String said = header(response.headers(), "X-Error-Message");
    String words = said.isEmpty() ? "" : " (\"" + said + "\")";
    String where = " on " + settings.endpoint();
    boolean token = settings.hasToken();
    if (code.equals("GatedRepo")) {
      return "is a gated model: ask for access on its page"
          + where
          + (token
              ? "; the token from " + settings.tokenSource() + " has none yet (" + status + ")"
              : ", then log in with 'hf auth login' or set HF_TOKEN (" + status + ")");
    }
    if (code.equals("DisabledRepo")) {
      return "has been disabled" + where + " (" + status + ")" + words;
    }
    return switch (status) {
      case 401 ->
          token
              ? "there is no such model"
                  + where
                  + ", or the token from "
                  + settings.tokenSource()
                  + " is not valid (401); check the name, and the token"
              : "there is no such model"
                  + where
                  + ", or it is private or gated (401); check the name, or log in with 'hf auth"
                  + " login' or set HF_TOKEN";
      case 403 ->
          token
              ? "the token from "
                  + settings.tokenSource()
                  + " does not allow reading it (403)"
                  + words
                  + "; give it the right to read this model"
              : "is not public (403)" + words + "; log in with 'hf auth login' or set HF_TOKEN";
      case 404 ->
          switch (code) {
            case "RevisionNotFound" ->
                "has no such revision" + where + " (404); check the branch, tag or commit";
            case "EntryNotFound" -> "the file " + last(ask) + " does not exist (404)";
            default ->
                "there is no such model"
                    + where
                    + " (404); check the name and the revision"
                    + (token ? "" : "; a private one needs HF_TOKEN");
          };
      case 429 ->
          "too many requests (429): "
              + (wait == null
                  ? "try again in a few minutes"
                  : "the Hub asks to wait " + inWords(wait) + ", try again then")
              + (token ? "" : "; with a token (HF_TOKEN) more are allowed");
      default ->
          (status >= 500 ? "the server has failed repeatedly" : "the server refuses the request")
              + where
              + " ("
              + status
              + ")"
              + words
              + (wait == null ? "" : ", it asks to wait " + inWords(wait))
              + (status >= 500 ? "; try again later" : "");
    };
  }

  private static String last(HubClient.Ask ask) {
    String path = String.valueOf(ask.uri().getPath());
    return Printable.of(path.substring(path.lastIndexOf('/') + 1));
  }

  private static String inWords(Duration time) {
    long seconds = Math.max(1, time.toSeconds());
    return seconds < 120 ? seconds + " s" : (seconds + 59) / 60 + " minutes";
  }

  /** Returns a header's value, printable and short; empty if it is missing. */
  private static String header(HttpHeaders headers, String name) {
    String text = headers.firstValue(name).orElse("").strip();
    return Printable.of(text.length() <= MAX_LENGTH ? text : text.substring(0, MAX_LENGTH) + "...");
  }

  /** Returns how long the server asks to wait; null if it does not say. */
  static @Nullable Duration retryAfter(HttpHeaders headers) {
    String text = headers.firstValue("Retry-After").orElse("").strip();
    if (text.matches("[0-9]{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(text));
    }
    if (!text.isEmpty()) {
      try {
        Instant then =
            ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME.withLocale(Locale.ROOT))
                .toInstant();
        Duration time = Duration.between(Instant.now(), then);
        return time.isNegative() ? Duration.ZERO : time;
      } catch (DateTimeException _) {
        return null;
      }
    }
    Matcher rate = RATE.matcher(headers.firstValue("RateLimit").orElse(""));
    return rate.find() ? Duration.ofSeconds(Long.parseLong(rate.group(1))) : null;
  }

  /** Returns the message of an exception on one line. */
  static String text(Throwable e) {
    String message = e.getMessage();
    return Printable.of(message == null ? e.getClass().getSimpleName() : message);
  }
}
