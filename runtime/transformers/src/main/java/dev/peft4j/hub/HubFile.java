package dev.peft4j.hub;

import org.jspecify.annotations.Nullable;

/**
 * A file of a model on the Hub.
 *
 * @param path its name, with {@code /} between folders
 * @param size bytes; -1 as long as the Hub has not said
 * @param hash the SHA-256 of a large file, the SHA-1 of git's blob of any other; null as long as
 *     the Hub has not said
 * @param present true if it is on this machine already
 */
public record HubFile(String path, long size, @Nullable String hash, boolean present) {
  HubFile withPresent(boolean isPresent) {
    return new HubFile(path, size, hash, isPresent);
  }
}
