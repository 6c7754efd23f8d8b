package dev.peft4j.hub;

import dev.peft4j.io.Quote;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * A client of the Hub. It follows redirects itself: the token is sent only to the Hub's own
 * address, and never after a redirect from https to http. Requests that may succeed later are
 * repeated.
 */
final class HubClient implements AutoCloseable {
  /** The largest number of attempts without progress. */
  static final int ATTEMPTS = 5;

  private static final int REDIRECTS = 10;
  private static final Set<Integer> MOVED = Set.of(301, 302, 303, 307, 308);
  private static final Set<Integer> LATER = Set.of(408, 425, 429, 500, 502, 503, 504);

  private final HubSettings settings;
  private final HubListener listener;
  private final Waits waits;
  private final HttpClient http;

  HubClient(HubSettings settings, HubListener listener, Waits waits) {
    this.settings = settings;
    this.listener = listener;
    this.waits = waits;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(settings.timeout())
            .proxy(EnvironmentProxy.selector())
            .build();
  }

  /** A request. */
  record Ask(String method, URI uri, String subject, long from) {
    static Ask get(URI uri, String subject) {
      return new Ask("GET", uri, subject, 0);
    }

    static Ask head(URI uri, String subject) {
      return new Ask("HEAD", uri, subject, 0);
    }

    /** Returns whether the request is for a file that has an address and no name on the Hub. */
    boolean isPlain() {
      return subject.equals(uri.toString());
    }
  }

  HubSettings settings() {
    return settings;
  }

  Duration timeout() {
    return settings.timeout();
  }

  /** Tells the listener what is waited for, and waits. */
  void pause(String why, Duration time) throws IOException {
    listener.on(new HubEvent.Waiting(why));
    waits.sleep(time);
  }

  /** Returns the time to wait before the next attempt. */
  Duration delay(int attempt) {
    return waits.before(attempt);
  }

  /**
   * Sends a request; answers with 2xx and 416 are returned, and for HEAD a redirect to another
   * host, whose headers describe the file.
   *
   * @throws HubException for any other answer, with a message about it
   */
  HttpResponse<InputStream> send(Ask ask) throws IOException {
    for (int attempt = 1; ; attempt++) {
      HttpResponse<InputStream> response;
      try {
        response = follow(ask);
      } catch (BrokenException e) {
        if (attempt == ATTEMPTS || !e.again) {
          throw new HubException(ask.subject(), e.sentence, e.getCause());
        }
        pause(ask.subject() + ": " + e.sentence + "; trying again", waits.before(attempt));
        continue;
      }
      int status = response.statusCode();
      if (status / 100 == 2 || status == 416 || MOVED.contains(status)) {
        return response;
      }
      Duration asked = Answers.retryAfter(response.headers());
      boolean soon = asked == null || asked.compareTo(Waits.MAX) <= 0;
      if (!LATER.contains(status) || attempt == ATTEMPTS || !soon) {
        throw Answers.failure(ask, response, settings, asked);
      }
      response.body().close();
      Duration time = asked == null ? waits.before(attempt) : asked;
      pause(
          ask.subject()
              + ": "
              + (status == 429 ? "too many requests" : "the server answers " + status)
              + ", waiting "
              + Math.max(1, time.toSeconds())
              + " s",
          time);
    }
  }

  private HttpResponse<InputStream> follow(Ask ask) throws IOException {
    URI uri = ask.uri();
    for (int i = 0; i <= REDIRECTS; i++) {
      HttpResponse<InputStream> response = once(ask, uri);
      String location = response.headers().firstValue("Location").orElse(null);
      if (!MOVED.contains(response.statusCode()) || location == null) {
        return response;
      }
      URI next = target(ask, uri, location);
      if (ask.method().equals("HEAD")
          && (!sameHost(uri, next) || response.headers().firstValue("X-Linked-Etag").isPresent())) {
        return response;
      }
      response.body().close();
      uri = next;
    }
    throw new HubException(ask.subject(), "is redirected repeatedly, finally to " + show(uri));
  }

  private static URI target(Ask ask, URI from, String location) throws HubException {
    URI next;
    try {
      next = from.resolve(location);
    } catch (IllegalArgumentException e) {
      throw new HubException(
          ask.subject(),
          "is redirected to " + Quote.text(location) + ", which is not an address",
          e);
    }
    boolean secure = "https".equalsIgnoreCase(next.getScheme());
    boolean known = secure || "http".equalsIgnoreCase(next.getScheme());
    if (!known || next.getHost() == null || !secure && "https".equalsIgnoreCase(from.getScheme())) {
      throw new HubException(
          ask.subject(),
          "is redirected from "
              + show(from)
              + " to "
              + Quote.text(show(next))
              + ", which is not followed: expected https");
    }
    return next;
  }

  /** Returns an address without parts that may be secret. */
  private static String show(URI uri) {
    return uri.getScheme() + "://" + uri.getRawAuthority() + uri.getRawPath();
  }

  private static boolean sameHost(URI a, URI b) {
    return String.valueOf(a.getScheme()).equalsIgnoreCase(String.valueOf(b.getScheme()))
        && String.valueOf(a.getHost()).equalsIgnoreCase(String.valueOf(b.getHost()))
        && port(a) == port(b);
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : "http".equalsIgnoreCase(uri.getScheme()) ? 80 : 443;
  }

  private HttpResponse<InputStream> once(Ask ask, URI uri) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .method(ask.method(), BodyPublishers.noBody())
            .header("User-Agent", "peft4j; java/" + Runtime.version().feature())
            .header("Accept-Encoding", "identity");
    String token = settings.token();
    if (token != null && sameHost(uri, settings.endpoint())) {
      try {
        request.header("Authorization", "Bearer " + token);
      } catch (IllegalArgumentException e) { // without its message, which has the token in it
        throw new HubException(
            ask.subject(),
            "the token from "
                + settings.tokenSource()
                + " has characters that are not allowed in a token; expected hf_...");
      }
    }
    if (ask.from() > 0) {
      request.header("Range", "bytes=" + ask.from() + "-");
    }
    // Not sendAsync: it needs a free thread of the common pool, which may be the one that waits
    // here.
    FutureTask<HttpResponse<InputStream>> answer =
        new FutureTask<>(() -> http.send(request.build(), BodyHandlers.ofInputStream()));
    Thread.ofVirtual().name("download").start(answer);
    try {
      return answer.get(settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      answer.cancel(true);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(ask.subject() + ": the download was interrupted");
    } catch (TimeoutException e) {
      answer.cancel(true);
      throw new BrokenException(
          host(uri) + " does not answer within " + settings.timeout().toSeconds() + " s", true, e);
    } catch (ExecutionException e) {
      throw broken(uri, e.getCause() == null ? e : e.getCause());
    }
  }

  /** Thrown when a connection could not be made or was lost. */
  static final class BrokenException extends IOException {
    private static final long serialVersionUID = 1L;

    private final String sentence;
    private final boolean again;

    BrokenException(String sentence, boolean again, Throwable cause) {
      super(sentence, cause);
      this.sentence = sentence;
      this.again = again;
    }
  }

  private static BrokenException broken(URI uri, Throwable e) {
    String host = host(uri);
    String network = "; check the network, a proxy (HTTPS_PROXY) and HF_ENDPOINT";
    if (has(e, UnresolvedAddressException.class) || has(e, UnknownHostException.class)) {
      return new BrokenException("there is no host " + host + network, false, e);
    }
    if (e instanceof SSLException) {
      return new BrokenException(
          "no secure connection to " + host + ": " + Answers.text(e), false, e);
    }
    if (e instanceof ConnectException) {
      return new BrokenException("cannot connect to " + host + network, false, e);
    }
    return new BrokenException(
        "the connection to " + host + " is broken: " + Answers.text(e), true, e);
  }

  private static String host(URI uri) {
    return String.valueOf(uri.getRawAuthority());
  }

  private static boolean has(Throwable e, Class<? extends Throwable> type) {
    for (@Nullable Throwable t = e; t != null; t = t.getCause()) {
      if (type.isInstance(t)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
