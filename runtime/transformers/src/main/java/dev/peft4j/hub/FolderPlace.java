package dev.peft4j.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A plain folder as the target of a download, with the files by their names. */
final class FolderPlace implements Place {
  private final Path folder;
  private final String subject;
  private final boolean overwrite;

  FolderPlace(Path folder, String subject, boolean overwrite) {
    this.folder = folder;
    this.subject = subject;
    this.overwrite = overwrite;
  }

  @Override
  public Path folder(String commit) {
    return folder;
  }

  private Path file(HubFile file) {
    return folder.resolve(file.path());
  }

  @Override
  public boolean isPresent(String commit, HubFile file) throws IOException {
    Path path = file(file);
    String hash = file.hash();
    return hash != null && Files.isRegularFile(path) && Digests.matches(path, file.size(), hash);
  }

  /**
   * Returns the partial file, which is beside its place and is its own lock, so that no other file
   * is left.
   */
  @Override
  public Path partial(HubFile file, String etag) {
    return folder.resolve(file.path() + ".incomplete");
  }

  @Override
  public Path lock(HubFile file, String etag) {
    return partial(file, etag);
  }

  @Override
  public boolean link(String commit, HubFile file, String etag) throws IOException {
    if (isPresent(commit, file)) {
      return true;
    }
    if (Files.exists(file(file)) && !overwrite) {
      throw new HubException(
          subject,
          file(file)
              + " already exists with other contents; choose another folder, or replace it with"
              + " --overwrite");
    }
    return false;
  }

  @Override
  public void complete(String commit, HubFile file, String etag) throws IOException {
    try {
      Files.move(
          partial(file, etag),
          file(file),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
    } catch (NoSuchFileException e) {
      if (!isPresent(commit, file)) { // unless somebody was faster
        throw e;
      }
    }
  }

  @Override
  public void finish(String commit) {}
}
