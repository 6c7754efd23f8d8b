package dev.peft4j.net;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A Hub of one's own: the Hugging Face Hub's endpoints on this machine, with a second server for
 * the large files, and every fault that a test asks for.
 */
public final class FakeHub implements AutoCloseable {
  /** What was asked. */
  public record Request(
      String method, String path, @Nullable String range, @Nullable String token) {}

  /** A file: what the server says of it need not be what it sends. */
  public static final class Entry {
    private final byte[] content;
    private final boolean large;
    private final String hash;

    Entry(byte[] content, boolean large) {
      this.content = content;
      this.large = large;
      this.hash = large ? sha256(content) : gitSha1(content);
    }
  }

  public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

  private final HttpServer hub;
  private final HttpServer store;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Map<String, Entry>> models = new ConcurrentHashMap<>();
  private final Map<String, String> revisions = new ConcurrentHashMap<>();

  public final List<Request> requests = new CopyOnWriteArrayList<>();
  public final List<Request> stored = new CopyOnWriteArrayList<>();

  /** Entries of a page of the tree. */
  public volatile int pageSize = 1000;

  /** The token without which nothing is shown. */
  public volatile @Nullable String token;

  /** As a gated model: the list is for everybody, the files are not. */
  public volatile boolean gated;

  /** Answers with this status so many times before all is well. */
  public volatile int failStatus = 429;

  public final AtomicInteger failures = new AtomicInteger();
  public volatile String retryAfter = "0";

  /** Ends so many answers of the store after so many bytes. */
  public final AtomicInteger truncations = new AtomicInteger();

  public volatile int truncateAfter = 1000;

  /** Stands still for so many milliseconds in the middle of a body, as often as said. */
  public volatile long stall;

  public final AtomicInteger stalls = new AtomicInteger();

  /** Sends other bytes than it announces. */
  public volatile boolean damaged;

  /** Takes no notice of Range. */
  public volatile boolean ranges = true;

  /** Answers every Range with 416. */
  public volatile boolean refusesRanges;

  /** A further name in the lists. */
  public volatile @Nullable String hostile;

  /** Where large files are, instead of the store. */
  public volatile @Nullable String redirect;

  /** Has no tree, as some mirrors. */
  public volatile boolean noTree;

  public FakeHub() throws IOException {
    hub = server();
    store = server();
    revisions.put("main", COMMIT);
    hub.createContext("/", x -> handle(x, requests, this::onHub));
    store.createContext("/", x -> handle(x, stored, this::onStore));
    hub.start();
    store.start();
  }

  private HttpServer server() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    return server;
  }

  public URI uri() {
    return URI.create("http://localhost:" + hub.getAddress().getPort());
  }

  /** Another name for the store's host than the hub's, and another port. */
  private String storeUri() {
    return "http://127.0.0.1:" + store.getAddress().getPort();
  }

  public FakeHub file(String model, String path, byte[] content, boolean large) {
    models.computeIfAbsent(model, m -> new LinkedHashMap<>()).put(path, new Entry(content, large));
    return this;
  }

  public FakeHub file(String model, String path, String content) {
    return file(model, path, content.getBytes(StandardCharsets.UTF_8), false);
  }

  public FakeHub revision(String name, String commit) {
    revisions.put(name, commit);
    return this;
  }

  private interface Handler {
    void on(HttpExchange x) throws IOException;
  }

  private void handle(HttpExchange x, List<Request> log, Handler handler) throws IOException {
    try (x) {
      String authorization = x.getRequestHeaders().getFirst("Authorization");
      String range = x.getRequestHeaders().getFirst("Range");
      log.add(
          new Request(x.getRequestMethod(), x.getRequestURI().toString(), range, authorization));
      handler.on(x);
    }
  }

  private void onHub(HttpExchange x) throws IOException {
    if (failures.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      if (!retryAfter.isEmpty()) {
        x.getResponseHeaders().set("Retry-After", retryAfter);
      }
      x.sendResponseHeaders(failStatus, -1);
      return;
    }
    String[] parts = x.getRequestURI().getRawPath().substring(1).split("/", 7);
    boolean api = parts[0].equals("api");
    int from = api ? 2 : 0;
    if (parts.length < from + 4) {
      error(x, 404, "");
      return;
    }
    String id = parts[from] + "/" + parts[from + 1];
    String action = parts[from + 2];
    String revision = decoded(parts[from + 3]);
    Map<String, Entry> files = models.get(id);
    String known = token;
    boolean allowed =
        known == null
            || ("Bearer " + known).equals(x.getRequestHeaders().getFirst("Authorization"));
    if (files == null || !allowed && !(gated && api)) {
      boolean asked = x.getRequestHeaders().containsKey("Authorization");
      if (files != null && gated) {
        error(x, asked ? 403 : 401, "GatedRepo");
      } else {
        error(x, known != null || !asked ? 401 : 404, "RepoNotFound");
      }
      return;
    }
    String commit = revisions.containsValue(revision) ? revision : revisions.get(revision);
    if (commit == null) {
      error(x, 404, "RevisionNotFound");
    } else if (api && action.equals("revision")) {
      send(x, info(id, commit, files));
    } else if (api && action.equals("tree") && !noTree) {
      tree(x, id, commit, files);
    } else if (!api && action.equals("resolve")) {
      String path = x.getRequestURI().getRawPath();
      resolve(x, commit, files.get(decoded(path.split("/", 6)[5])));
    } else {
      error(x, 404, "");
    }
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static void error(HttpExchange x, int status, String code) throws IOException {
    if (!code.isEmpty()) {
      x.getResponseHeaders().set("X-Error-Code", code);
    }
    x.sendResponseHeaders(status, -1);
  }

  private static void send(HttpExchange x, String json) throws IOException {
    byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
    x.getResponseHeaders().set("Content-Type", "application/json");
    x.sendResponseHeaders(200, bytes.length);
    x.getResponseBody().write(bytes);
  }

  private String info(String id, String commit, Map<String, Entry> files) {
    StringBuilder out = new StringBuilder();
    out.append("{\"id\": \"").append(id).append("\", \"sha\": \"").append(commit);
    out.append("\", \"siblings\": [");
    String comma = "";
    for (Map.Entry<String, Entry> e : files.entrySet()) {
      Entry f = e.getValue();
      out.append(comma).append("{\"rfilename\": \"").append(e.getKey()).append('"');
      if (!noTree) {
        out.append(", \"size\": ").append(f.content.length);
      }
      out.append('}');
      comma = ", ";
    }
    if (hostile != null) {
      out.append(comma).append("{\"rfilename\": \"").append(hostile).append("\"}");
    }
    return out.append("]}").toString();
  }

  private void tree(HttpExchange x, String id, String commit, Map<String, Entry> files)
      throws IOException {
    String query = String.valueOf(x.getRequestURI().getQuery());
    int from = query.contains("cursor=") ? Integer.parseInt(query.replaceAll(".*cursor=", "")) : 0;
    StringBuilder out = new StringBuilder("[");
    List<Map.Entry<String, Entry>> all = List.copyOf(files.entrySet());
    int to = Math.min(all.size(), from + pageSize);
    for (Map.Entry<String, Entry> e : all.subList(from, to)) {
      Entry f = e.getValue();
      out.append(out.length() == 1 ? "" : ", ");
      out.append("{\"type\": \"file\", \"path\": \"").append(e.getKey());
      out.append("\", \"size\": ").append(f.content.length).append(", \"oid\": \"");
      out.append(f.large ? gitSha1(new byte[0]) : f.hash).append('"');
      if (f.large) {
        out.append(", \"lfs\": {\"oid\": \"").append(f.hash);
        out.append("\", \"pointerSize\": 130, \"size\": ").append(f.content.length).append('}');
      }
      out.append('}');
    }
    if (to < all.size()) {
      String next =
          uri() + "/api/models/" + id + "/tree/" + commit + "?recursive=true&cursor=" + to;
      x.getResponseHeaders().set("Link", "<" + next + ">; rel=\"next\"");
    } else {
      out.append(out.length() == 1 ? "" : ", ");
      out.append("{\"type\": \"directory\", \"path\": \"a folder\", \"size\": 0, \"oid\": \"0\"}");
    }
    send(x, out.append(']').toString());
  }

  private void resolve(HttpExchange x, String commit, @Nullable Entry file) throws IOException {
    if (file == null) {
      error(x, 404, "EntryNotFound");
      return;
    }
    x.getResponseHeaders().set("X-Repo-Commit", commit);
    if (file.large) {
      x.getResponseHeaders().set("X-Linked-Etag", '"' + file.hash + '"');
      x.getResponseHeaders().set("X-Linked-Size", Integer.toString(file.content.length));
      String other = redirect;
      x.getResponseHeaders()
          .set("Location", other == null ? storeUri() + "/" + file.hash + "?signature=s" : other);
      x.sendResponseHeaders(302, -1);
      return;
    }
    x.getResponseHeaders().set("ETag", '"' + file.hash + '"');
    body(x, file, false);
  }

  private void onStore(HttpExchange x) throws IOException {
    String hash = x.getRequestURI().getPath().substring(1);
    for (Map<String, Entry> files : models.values()) {
      for (Entry f : files.values()) {
        if (f.hash.equals(hash)) {
          body(x, f, true);
          return;
        }
      }
    }
    error(x, 404, "");
  }

  private void body(HttpExchange x, Entry file, boolean faults) throws IOException {
    String range = x.getRequestHeaders().getFirst("Range");
    int from = 0;
    if (range != null && ranges) {
      from = Integer.parseInt(range.replaceAll("bytes=([0-9]+)-", "$1"));
      if (from >= file.content.length || refusesRanges) {
        x.sendResponseHeaders(416, -1);
        return;
      }
      x.getResponseHeaders()
          .set(
              "Content-Range",
              "bytes " + from + "-" + (file.content.length - 1) + "/" + file.content.length);
    }
    byte[] bytes = Arrays.copyOfRange(file.content, from, file.content.length);
    if (damaged && bytes.length > 0) {
      bytes[bytes.length - 1] ^= 1;
    }
    boolean head = x.getRequestMethod().equals("HEAD");
    if (head) {
      x.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
      x.sendResponseHeaders(200, -1);
      return;
    }
    x.sendResponseHeaders(
        range != null && ranges ? 206 : 200, bytes.length == 0 ? -1 : bytes.length);
    OutputStream out = x.getResponseBody();
    boolean cut = faults && truncations.getAndUpdate(n -> Math.max(0, n - 1)) > 0;
    int first = Math.min(bytes.length, truncateAfter);
    out.write(bytes, 0, first);
    if (cut) {
      out.flush();
      return; // closing the exchange cuts the connection
    }
    if (faults && stalls.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
      out.flush();
      try {
        Thread.sleep(stall);
      } catch (InterruptedException _) {
        return;
      }
    }
    out.write(bytes, first, bytes.length - first);
  }

  public static String sha256(byte[] content) {
    return HexFormat.of().formatHex(digest("SHA-256").digest(content));
  }

  public static String gitSha1(byte[] content) {
    MessageDigest git = digest("SHA-1");
    git.update(("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
    return HexFormat.of().formatHex(git.digest(content));
  }

  private static MessageDigest digest(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    hub.stop(0);
    store.stop(0);
    threads.shutdownNow();
  }
}
