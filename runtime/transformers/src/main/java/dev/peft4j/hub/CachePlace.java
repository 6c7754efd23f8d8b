package dev.peft4j.hub;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The Hub's cache as the target of a download: contents by their hashes, and links to them. */
final class CachePlace implements Place {
  /** The tag that huggingface_hub writes as well, so that backups skip the cache. */
  private static final String TAG =
      """
      Signature: 8a477f597d28d172789f06886806bc55
      # This file is a cache directory tag created by huggingface_hub.
      # For information about cache directory tags, see:
      #\thttps://bford.info/cachedir/
      """;

  private final HubCache cache;
  private final HubName name;
  private final boolean links;

  /** Creates a place in a cache; without {@code links}, files take the place of links. */
  CachePlace(HubCache cache, HubName name, boolean links) {
    this.cache = cache;
    this.name = name;
    this.links = links;
  }

  @Override
  public Path folder(String commit) {
    return cache.snapshot(name, commit);
  }

  private Path pointer(String commit, HubFile file) {
    return folder(commit).resolve(file.path());
  }

  @Override
  public boolean isPresent(String commit, HubFile file) throws IOException {
    Path pointer = pointer(commit, file);
    return Files.isRegularFile(pointer) && (file.size() < 0 || Files.size(pointer) == file.size());
  }

  @Override
  public Path partial(HubFile file, String etag) {
    return cache.partial(name, etag);
  }

  @Override
  public Path lock(HubFile file, String etag) {
    return cache.lock(name, etag);
  }

  @Override
  public boolean link(String commit, HubFile file, String etag) throws IOException {
    if (isPresent(commit, file)) {
      return true; // also if somebody else was faster: a link that others see stays
    }
    Path blob = cache.blob(name, etag);
    if (!Files.isRegularFile(blob) || Files.size(blob) != file.size()) {
      return false;
    }
    Path pointer = pointer(commit, file);
    if (!symlink(blob, pointer)) {
      Files.copy(blob, pointer, StandardCopyOption.REPLACE_EXISTING);
    }
    return true;
  }

  @Override
  public void complete(String commit, HubFile file, String etag) throws IOException {
    Path blob = cache.blob(name, etag);
    Files.move(
        cache.partial(name, etag),
        blob,
        StandardCopyOption.ATOMIC_MOVE,
        StandardCopyOption.REPLACE_EXISTING);
    Path pointer = pointer(commit, file);
    if (!symlink(blob, pointer)) {
      Files.move(blob, pointer, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private boolean symlink(Path blob, Path pointer) throws IOException {
    Path folder = pointer.getParent();
    if (folder == null) {
      throw new IOException(pointer + " is in no folder");
    }
    Files.createDirectories(folder);
    if (!links) {
      return false;
    }
    Files.deleteIfExists(pointer);
    try {
      Files.createSymbolicLink(pointer, folder.relativize(blob));
      return true;
    } catch (FileAlreadyExistsException e) {
      if (Files.isSameFile(pointer, blob)) {
        return true; // somebody was faster
      }
      throw e;
    } catch (IOException | UnsupportedOperationException _) {
      return false; // Windows without the right to make links, FAT
    }
  }

  @Override
  public void finish(String commit) throws IOException {
    Path tag = cache.root().resolve("CACHEDIR.TAG");
    if (!Files.exists(tag)) {
      Files.writeString(tag, TAG);
    }
    cache.setCommit(name, commit);
  }
}
