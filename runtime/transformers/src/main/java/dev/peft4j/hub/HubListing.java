package dev.peft4j.hub;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.io.Quote;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The Hub's description of a model: the commit, and the files with sizes and hashes. */
final class HubListing {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int MAX_ANSWER = 64 << 20;
  private static final int MAX_PAGES = 1000;
  private static final int MAX_PATH = 1000;
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{7,64}");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
  private static final Pattern NEXT = Pattern.compile("<([^<>]*)>\\s*;[^,<]*rel=\"?next\"?");

  private final HubClient client;
  private final HubName name;

  HubListing(HubClient client, HubName name) {
    this.client = client;
    this.name = name;
  }

  /**
   * A model at a commit.
   *
   * @param commit its hash, in hexadecimal digits
   * @param files all files
   */
  record Remote(String commit, List<HubFile> files) {}

  /** Requests the commit of the revision, and its files. */
  Remote read() throws IOException {
    JsonNode info = json(api("revision", name.revision(), "?blobs=true")).body();
    String commit = info.path("sha").asText("");
    if (!COMMIT.matcher(commit).matches()) {
      throw new HubException(
          name.toString(),
          "the server says the commit is "
              + Quote.text(commit)
              + ", expected hexadecimal digits; is "
              + client.settings().endpoint()
              + " a Hub?");
    }
    Map<String, HubFile> files = new LinkedHashMap<>();
    for (JsonNode item : info.path("siblings")) {
      JsonNode lfs = item.path("lfs");
      add(files, item.path("rfilename"), size(item), lfs.path("sha256"), item.path("blobId"));
    }
    for (JsonNode item : tree(commit, files.isEmpty())) {
      if (item.path("type").asText("file").equals("file")) {
        add(files, item.path("path"), size(item), item.path("lfs").path("oid"), item.path("oid"));
      }
    }
    return new Remote(commit, List.copyOf(files.values()));
  }

  private static long size(JsonNode item) {
    JsonNode lfs = item.path("lfs").path("size");
    return lfs.isIntegralNumber() ? lfs.asLong() : item.path("size").asLong(-1);
  }

  private void add(
      Map<String, HubFile> files, JsonNode path, long size, JsonNode sha256, JsonNode git)
      throws HubException {
    String file = path.asText("");
    requireSafe(file);
    String hash = hash(sha256);
    HubFile before = files.get(file);
    hash = hash == null ? hash(git) : hash;
    files.put(
        file,
        new HubFile(
            file,
            size < 0 && before != null ? before.size() : size,
            hash == null && before != null ? before.hash() : hash,
            false));
  }

  private static @Nullable String hash(JsonNode value) {
    String text = value.asText("");
    return HASH.matcher(text).matches() ? text : null;
  }

  /** Throws for a name that could lead outside the folder, or that is not a valid file name. */
  private void requireSafe(String path) throws HubException {
    boolean safe = !path.isEmpty() && path.length() <= MAX_PATH;
    for (String part : path.split("/", -1)) {
      safe &= !part.isBlank() && !part.equals(".") && !part.equals("..");
    }
    safe &= path.chars().noneMatch(c -> c < ' ' || c == '\\' || c == ':' || c == 0x7f);
    if (!safe) {
      throw new HubException(
          name.toString(),
          "the server lists a file "
              + Quote.text(path)
              + ", which could be written outside of the folder; nothing is downloaded");
    }
  }

  /** Returns the entries of all folders, page by page. */
  private List<JsonNode> tree(String commit, boolean needed) throws IOException {
    List<JsonNode> all = new ArrayList<>();
    Set<URI> seen = new HashSet<>();
    @Nullable URI page = api("tree", commit, "?recursive=true");
    while (page != null) {
      if (!seen.add(page) || seen.size() > MAX_PAGES) {
        throw new HubException(name.toString(), "the server's list of files has no end");
      }
      Page answer;
      try {
        answer = json(page);
      } catch (HubException e) {
        if (needed || !all.isEmpty()) {
          throw e;
        }
        return all; // a mirror that has only the first list
      }
      if (!answer.body().isArray()) {
        throw new HubException(
            name.toString(), "the server's list of files is not a list; is " + page + " a Hub's?");
      }
      answer.body().forEach(all::add);
      page = answer.next();
    }
    return all;
  }

  private record Page(JsonNode body, @Nullable URI next) {}

  private Page json(URI uri) throws IOException {
    HttpResponse<InputStream> response = client.send(HubClient.Ask.get(uri, name.toString()));
    byte[] bytes;
    try (InputStream body = Stalls.watched(response.body(), client.timeout())) {
      bytes = body.readNBytes(MAX_ANSWER + 1);
    } catch (IOException e) {
      throw new HubException(
          name.toString(),
          "the list of files was interrupted: " + Answers.text(e) + "; try again",
          e);
    }
    if (bytes.length > MAX_ANSWER) {
      throw new HubException(name.toString(), "the list of files is longer than 64 MB");
    }
    Matcher next = NEXT.matcher(response.headers().firstValue("Link").orElse(""));
    try {
      JsonNode tree = JSON.readTree(bytes);
      return new Page(tree, next.find() ? uri.resolve(next.group(1)) : null);
    } catch (JsonProcessingException | IllegalArgumentException e) {
      throw new HubException(
          name.toString(),
          "the answer of "
              + client.settings().endpoint()
              + " is not the JSON of a Hub; see HF_ENDPOINT",
          e);
    }
  }

  private URI api(String what, String revision, String query) {
    return URI.create(
        client.settings().endpoint()
            + "/api/models/"
            + name.id()
            + "/"
            + what
            + "/"
            + encoded(revision)
            + query);
  }

  /** Returns the address of a file at a commit. */
  URI address(String commit, String path) {
    String escaped =
        Arrays.stream(path.split("/")).map(HubListing::encoded).collect(Collectors.joining("/"));
    return URI.create(
        client.settings().endpoint() + "/" + name.id() + "/resolve/" + commit + "/" + escaped);
  }

  private static String encoded(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
