package dev.peft4j.hub;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The address of the Hub, the token, and the cache on this machine. The defaults are those of the
 * environment variables of Python's {@code huggingface_hub}:
 *
 * <ul>
 *   <li>{@code HF_ENDPOINT}: the Hub or a mirror of it, by default {@code https://huggingface.co}
 *   <li>{@code HF_TOKEN}: the token for private and gated models; else the file that {@code hf auth
 *       login} writes, {@code HF_TOKEN_PATH} or {@code HF_HOME/token}
 *   <li>{@code HF_HUB_CACHE}: the cache; else {@code HF_HOME/hub}. {@code HF_HOME} is by default
 *       {@code ~/.cache/huggingface}
 *   <li>{@code HF_HUB_OFFLINE}: with 1, no request is sent
 *   <li>{@code HF_HUB_DOWNLOAD_TIMEOUT}: seconds without a byte after which a connection is
 *       considered broken, by default 30
 * </ul>
 */
public final class HubSettings {
  private static final String ENDPOINT = "https://huggingface.co";
  private static final Duration TIMEOUT = Duration.ofSeconds(30);
  private static final Set<String> TRUE = Set.of("1", "ON", "YES", "TRUE");

  private final URI endpoint;
  private final @Nullable String token;
  private final String tokenSource;
  private final Path cache;
  private final boolean offline;
  private final Duration timeout;

  private HubSettings(
      URI endpoint,
      @Nullable String token,
      String tokenSource,
      Path cache,
      boolean offline,
      Duration timeout) {
    this.endpoint = endpoint;
    this.token = token;
    this.tokenSource = tokenSource;
    this.cache = cache;
    this.offline = offline;
    this.timeout = timeout;
  }

  /**
   * Returns the settings of the environment.
   *
   * @throws IllegalArgumentException if {@code HF_ENDPOINT} is not an address
   */
  public static HubSettings fromEnvironment() {
    return of(System.getenv());
  }

  /**
   * Returns the settings of an environment.
   *
   * @param environment values by name, as in {@link System#getenv()}
   * @throws IllegalArgumentException if {@code HF_ENDPOINT} is not an address
   */
  public static HubSettings of(Map<String, String> environment) {
    return of(environment, Path.of(System.getProperty("user.home", "")));
  }

  static HubSettings of(Map<String, String> env, Path home) {
    Path caches = path(env, home, "XDG_CACHE_HOME", home.resolve(".cache"));
    Path hfHome = path(env, home, "HF_HOME", caches.resolve("huggingface"));
    Path old = path(env, home, "HUGGINGFACE_HUB_CACHE", hfHome.resolve("hub"));
    Path cache = path(env, home, "HF_HUB_CACHE", old);
    String token = clean(env.get("HF_TOKEN"));
    String source = "HF_TOKEN";
    if (token == null) {
      token = clean(env.get("HUGGING_FACE_HUB_TOKEN"));
      source = "HUGGING_FACE_HUB_TOKEN";
    }
    if (token == null) {
      Path file = path(env, home, "HF_TOKEN_PATH", hfHome.resolve("token"));
      token = clean(read(file));
      source = file.toString();
    }
    if (isTrue(env.get("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) {
      token = null;
    }
    return new HubSettings(
        endpoint(env.get("HF_ENDPOINT")),
        token,
        source,
        cache,
        isTrue(env.get("HF_HUB_OFFLINE")) || isTrue(env.get("TRANSFORMERS_OFFLINE")),
        timeout(env.get("HF_HUB_DOWNLOAD_TIMEOUT")));
  }

  private static Path path(Map<String, String> env, Path home, String name, Path otherwise) {
    String value = env.get(name);
    if (value == null || value.isBlank()) {
      return otherwise;
    }
    if (value.equals("~")) {
      return home;
    }
    return value.startsWith("~/") ? home.resolve(value.substring(2)) : Path.of(value);
  }

  private static URI endpoint(@Nullable String value) {
    String text = value == null || value.isBlank() ? ENDPOINT : value.strip();
    while (text.endsWith("/")) {
      text = text.substring(0, text.length() - 1);
    }
    try {
      URI uri = new URI(text);
      String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
      if (uri.getHost() != null && (scheme.equals("https") || scheme.equals("http"))) {
        return uri;
      }
    } catch (URISyntaxException _) {
      // said below
    }
    throw new IllegalArgumentException(
        "HF_ENDPOINT is '" + text + "', expected an address such as " + ENDPOINT);
  }

  private static @Nullable String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException _) {
      return null; // nobody has logged in, or not for us
    }
  }

  private static @Nullable String clean(@Nullable String token) {
    if (token == null) {
      return null;
    }
    String text = token.replace("\r", "").replace("\n", "").strip();
    return text.isEmpty() ? null : text;
  }

  private static boolean isTrue(@Nullable String value) {
    return value != null && TRUE.contains(value.toUpperCase(Locale.ROOT));
  }

  private static Duration timeout(@Nullable String value) {
    if (value != null && value.matches("[1-9][0-9]{0,5}")) {
      return Duration.ofSeconds(Long.parseLong(value));
    }
    return TIMEOUT;
  }

  /** Returns a copy with another address of the Hub. */
  public HubSettings withEndpoint(URI newEndpoint) {
    return new HubSettings(
        endpoint(newEndpoint.toString()), token, tokenSource, cache, offline, timeout);
  }

  /** Returns a copy with another token, or without one. */
  public HubSettings withToken(@Nullable String newToken) {
    return new HubSettings(endpoint, clean(newToken), "the program", cache, offline, timeout);
  }

  /** Returns a copy with another folder as the cache. */
  public HubSettings withCache(Path newCache) {
    return new HubSettings(endpoint, token, tokenSource, newCache, offline, timeout);
  }

  /** Returns a copy with offline mode on or off. */
  public HubSettings withOffline(boolean newOffline) {
    return new HubSettings(endpoint, token, tokenSource, cache, newOffline, timeout);
  }

  /**
   * Returns a copy with another time without a byte after which a connection is considered broken.
   */
  public HubSettings withTimeout(Duration newTimeout) {
    return new HubSettings(endpoint, token, tokenSource, cache, offline, newTimeout);
  }

  /** Returns the address of the Hub, without a slash at the end. */
  public URI endpoint() {
    return endpoint;
  }

  /** Returns the folder of the Hub's cache. */
  public Path cache() {
    return cache;
  }

  /** Returns whether no request may be sent. */
  public boolean offline() {
    return offline;
  }

  /** Returns the time without a byte after which a connection is considered broken. */
  public Duration timeout() {
    return timeout;
  }

  /** Returns whether there is a token. */
  public boolean hasToken() {
    return token != null;
  }

  @Nullable String token() {
    return token;
  }

  /** Returns the source of the token, for messages. */
  String tokenSource() {
    return tokenSource;
  }

  /** Returns the settings in words, without the token. */
  @Override
  public String toString() {
    return "HubSettings["
        + endpoint
        + ", cache "
        + cache
        + (token == null ? ", no token" : ", a token from " + tokenSource)
        + (offline ? ", offline]" : "]");
  }
}
