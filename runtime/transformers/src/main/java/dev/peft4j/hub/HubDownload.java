package dev.peft4j.hub;

import dev.peft4j.io.Printable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A download of a model or an adapter from the Hugging Face Hub. It is started by {@link #run}
 * only.
 *
 * <pre>{@code
 * Path folder = HubDownload.of("google-bert/bert-base-uncased").run();
 * BertModel model = Transformers.bertModel(folder);
 * }</pre>
 *
 * <p>The files go into the Hub's cache ({@link HubCache}), which Python's libraries use too, and
 * files that those have downloaded are not downloaded again. Each file is checked by size and hash
 * before it gets its name. An interrupted download is resumed. Two downloads at once do the work
 * once.
 */
public final class HubDownload {
  private static final Pattern ETAG = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");

  private final HubName name;
  private final HubSettings settings;
  private final List<String> include = new ArrayList<>();
  private final List<String> exclude = new ArrayList<>();
  private @Nullable Path target;
  private boolean overwrite;
  private HubListener listener = event -> {};
  private Waits waits = new Waits();
  private boolean links = true;
  private ToLongFunction<Path> freeSpace = HubDownload::usableSpace;

  private HubDownload(HubName name, HubSettings settings) {
    this.name = name;
    this.settings = settings;
  }

  /**
   * Returns a download with the environment's settings, which is not started yet.
   *
   * @param name {@code owner/model} or {@code owner/model@revision}
   * @throws IllegalArgumentException if it is not a valid name on the Hub
   */
  public static HubDownload of(String name) {
    return of(HubName.parse(name), HubSettings.fromEnvironment());
  }

  /** Returns a download that is not started yet. */
  public static HubDownload of(HubName name, HubSettings settings) {
    return new HubDownload(name, settings);
  }

  /**
   * Downloads the files that match one of these patterns instead of those that a model needs.
   *
   * @param patterns as in Python's {@code fnmatch}: {@code *} is any text, slashes included
   */
  public HubDownload include(String... patterns) {
    include.addAll(List.of(patterns));
    return this;
  }

  /** Leaves out the files that match one of these patterns. */
  public HubDownload exclude(String... patterns) {
    exclude.addAll(List.of(patterns));
    return this;
  }

  /** Writes plain files into a folder instead of the cache. */
  public HubDownload to(Path folder) {
    target = folder;
    return this;
  }

  /**
   * Sets whether files in {@link #to}'s folder with other contents are replaced; without it they
   * are an error.
   */
  public HubDownload overwrite(boolean replace) {
    overwrite = replace;
    return this;
  }

  /** Reports the progress to {@code l}. */
  public HubDownload listener(HubListener l) {
    listener = l;
    return this;
  }

  HubDownload waits(Waits w) {
    waits = w;
    return this;
  }

  HubDownload links(boolean possible) {
    links = possible;
    return this;
  }

  HubDownload freeSpace(ToLongFunction<Path> space) {
    freeSpace = space;
    return this;
  }

  /**
   * Lists the files on the Hub, without downloading any.
   *
   * @return the files that {@link #run} would download, including those that are already on this
   *     machine
   * @throws HubException if there is no such model, it may not be read, or the Hub cannot be
   *     reached
   */
  public List<HubFile> list() throws IOException {
    requireOnline();
    try (HubClient client = new HubClient(settings, listener, waits)) {
      return listed(new HubListing(client, name), place()).files();
    }
  }

  /**
   * Downloads the files that are not on this machine yet, and returns the folder with all files. In
   * offline mode ({@code HF_HUB_OFFLINE}) it returns the folder in the cache.
   *
   * @throws HubException if there is no such model, it may not be read, the Hub cannot be reached,
   *     or it sends other contents than announced
   * @throws InterruptedIOException if the thread is interrupted; a further call resumes the
   *     download
   */
  public Path run() throws IOException {
    if (settings.offline() && target == null) {
      Path cached = new HubCache(settings.cache()).find(name);
      if (cached != null) {
        return cached;
      }
    }
    requireOnline();
    Place place = place();
    try (HubClient client = new HubClient(settings, listener, waits)) {
      HubListing listing = new HubListing(client, name);
      HubListing.Remote remote = listed(listing, place);
      listener.on(new HubEvent.Listed(remote.commit(), remote.files()));
      requireSpace(remote.files(), place, remote.commit());
      for (HubFile file : remote.files()) {
        if (!file.present()) {
          fetch(
              client, listing.address(remote.commit(), file.path()), remote.commit(), file, place);
        }
      }
      place.finish(remote.commit());
      return place.folder(remote.commit());
    } catch (FileSystemException e) {
      String reason =
          e instanceof AccessDeniedException
              ? "permission denied"
              : String.valueOf(
                  e.getReason() == null ? e.getClass().getSimpleName() : e.getReason());
      throw new HubException(name.toString(), "cannot write " + e.getFile() + ": " + reason, e);
    }
  }

  private void requireOnline() throws HubException {
    if (settings.offline()) {
      throw new HubException(
          name.toString(),
          "HF_HUB_OFFLINE is set, so nothing is downloaded"
              + (target == null ? ", and it is not in the Hub's cache " + settings.cache() : "")
              + "; unset it to download");
    }
  }

  private Place place() {
    Path folder = target;
    return folder == null
        ? new CachePlace(new HubCache(settings.cache()), name, links)
        : new FolderPlace(folder, name.toString(), overwrite);
  }

  private HubListing.Remote listed(HubListing listing, Place place) throws IOException {
    HubListing.Remote all = listing.read();
    List<HubFile> files = new ArrayList<>();
    for (HubFile f : FileChoice.of(name.toString(), all.files(), include, exclude)) {
      files.add(f.withPresent(place.isPresent(all.commit(), f)));
    }
    return new HubListing.Remote(all.commit(), List.copyOf(files));
  }

  private void fetch(HubClient client, URI uri, String commit, HubFile listed, Place place)
      throws IOException {
    HttpResponse<InputStream> head = client.send(HubClient.Ask.head(uri, name.toString()));
    head.body().close();
    HubFile file = described(listed, head.headers(), head.statusCode() / 100 == 3, commit);
    String etag = etag(file, head.headers());
    if (place.link(commit, file, etag)) {
      return;
    }
    try (DownloadLock _ = DownloadLock.take(place.lock(file, etag), file.path(), listener, waits)) {
      Path partial = place.partial(file, etag);
      if (place.link(commit, file, etag)) { // somebody else has downloaded it meanwhile
        Files.deleteIfExists(partial);
        return;
      }
      FileDownload.Wanted wanted =
          new FileDownload.Wanted(
              uri, name.toString(), file.path(), file.size(), String.valueOf(file.hash()));
      new FileDownload(client, listener, wanted).into(partial);
      place.complete(commit, file, etag);
    }
  }

  /** Returns the description of a file, from the list and from the answer about the file itself. */
  private HubFile described(HubFile listed, HttpHeaders headers, boolean redirect, String commit)
      throws HubException {
    String at = headers.firstValue("X-Repo-Commit").orElse(commit);
    if (!at.equals(commit)) {
      throw contradiction(listed.path(), "the commit", commit, at);
    }
    long length = redirect ? -1 : headers.firstValueAsLong("Content-Length").orElse(-1);
    long size = headers.firstValueAsLong("X-Linked-Size").orElse(length);
    if (size >= 0 && listed.size() >= 0 && size != listed.size()) {
      throw contradiction(listed.path(), "the size", listed.size(), size);
    }
    String etag = rawEtag(headers);
    String hash = HASH.matcher(etag).matches() ? etag : null;
    String known = listed.hash();
    if (hash != null && known != null && hash.length() == known.length() && !hash.equals(known)) {
      throw contradiction(listed.path(), "the hash", known, hash);
    }
    if (hash == null || known != null && known.length() > hash.length()) {
      hash = known;
    }
    size = size < 0 ? listed.size() : size;
    if (hash == null || size < 0) {
      throw new HubException(
          name.toString(),
          "the server says no "
              + (size < 0 ? "size" : "hash")
              + " of "
              + listed.path()
              + ", so that it could not be checked; is "
              + settings.endpoint()
              + " a Hub?");
    }
    return new HubFile(listed.path(), size, hash, false);
  }

  private HubException contradiction(String path, String what, Object listed, Object said) {
    return new HubException(
        name.toString(),
        "the server contradicts itself about "
            + what
            + " of "
            + path
            + ": "
            + listed
            + " in its list, "
            + Printable.of(String.valueOf(said))
            + " for the file; try again");
  }

  private static String rawEtag(HttpHeaders headers) {
    String etag =
        headers.firstValue("X-Linked-Etag").or(() -> headers.firstValue("ETag")).orElse("").strip();
    etag = etag.startsWith("W/") ? etag.substring(2) : etag;
    return etag.length() > 1 && etag.startsWith("\"") && etag.endsWith("\"")
        ? etag.substring(1, etag.length() - 1)
        : etag;
  }

  /** Returns the name of the contents in the cache, as huggingface_hub chooses it. */
  private static String etag(HubFile file, HttpHeaders headers) {
    String etag = rawEtag(headers);
    return ETAG.matcher(etag).matches() ? etag : String.valueOf(file.hash());
  }

  private void requireSpace(List<HubFile> files, Place place, String commit) throws IOException {
    long needed = 0;
    for (HubFile f : files) {
      if (!f.present() && f.size() > 0) {
        String hash = f.hash();
        Path partial = hash == null ? null : place.partial(f, hash);
        long there = partial != null && Files.exists(partial) ? Files.size(partial) : 0;
        needed += Math.max(0, f.size() - there);
      }
    }
    Path folder = place.folder(commit);
    long free = freeSpace.applyAsLong(folder);
    if (needed > free) {
      throw new HubException(
          name.toString(),
          "needs "
              + megabytes(needed)
              + " more in "
              + folder
              + ", but the disk has only "
              + megabytes(free)
              + " left");
    }
  }

  private static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
  }

  private static long usableSpace(Path folder) {
    Path at = folder.toAbsolutePath();
    while (at.getParent() != null && !Files.exists(at)) {
      at = at.getParent();
    }
    try {
      return Files.getFileStore(at).getUsableSpace();
    } catch (IOException _) {
      return Long.MAX_VALUE; // not known: writing will tell
    }
  }
}
