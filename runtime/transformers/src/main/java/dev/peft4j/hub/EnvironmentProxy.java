package dev.peft4j.hub;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The proxy of {@code HTTPS_PROXY}, {@code HTTP_PROXY} and {@code NO_PROXY}, as in Python and curl.
 * Java's own properties ({@code https.proxyHost}) have priority.
 */
final class EnvironmentProxy extends ProxySelector {
  private final Map<String, String> env;
  private final @Nullable ProxySelector standard;

  EnvironmentProxy(Map<String, String> env, @Nullable ProxySelector standard) {
    this.env = env;
    this.standard = standard;
  }

  static ProxySelector selector() {
    return new EnvironmentProxy(System.getenv(), ProxySelector.getDefault());
  }

  @Override
  public List<Proxy> select(URI uri) {
    if (standard != null) {
      List<Proxy> own = standard.select(uri);
      if (own.stream().anyMatch(p -> p.type() != Proxy.Type.DIRECT)) {
        return own;
      }
    }
    InetSocketAddress proxy = proxy(String.valueOf(uri.getScheme()));
    String host = String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT);
    return proxy == null || isExempt(host)
        ? List.of(Proxy.NO_PROXY)
        : List.of(new Proxy(Proxy.Type.HTTP, proxy));
  }

  private @Nullable InetSocketAddress proxy(String scheme) {
    String text = value(scheme + "_proxy");
    if (text.isEmpty()) {
      text = value("all_proxy");
    }
    try {
      URI uri = URI.create(text.contains("://") ? text : "http://" + text);
      if (uri.getHost() == null) {
        return null;
      }
      return InetSocketAddress.createUnresolved(
          uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort());
    } catch (IllegalArgumentException _) {
      return null; // no address
    }
  }

  private boolean isExempt(String host) {
    for (String item : value("no_proxy").toLowerCase(Locale.ROOT).split(",", -1)) {
      String name = item.strip();
      String bare = name.startsWith(".") ? name.substring(1) : name;
      if (name.equals("*") || !bare.isEmpty() && (host.equals(bare) || host.endsWith("." + bare))) {
        return true;
      }
    }
    return false;
  }

  private String value(String name) {
    String lower = env.get(name.toLowerCase(Locale.ROOT));
    String value = lower == null ? env.get(name.toUpperCase(Locale.ROOT)) : lower;
    return value == null ? "" : value.strip();
  }

  @Override
  public void connectFailed(URI uri, SocketAddress address, IOException e) {
    if (standard != null) {
      standard.connectFailed(uri, address, e);
    }
  }
}
