package dev.peft4j.hub;

import org.jspecify.annotations.Nullable;

/**
 * A file of a model on the Hub.
 *
 * @param path its name, with {@code /} between folders
 * @param size its number of bytes; -1 while unknown
 * @param hash the SHA-256 of a large file, the SHA-1 of the git blob of any other; null while
 *     unknown
 * @param present whether it is already on this machine
 */
public record HubFile(String path, long size, @Nullable String hash, boolean present) {
  HubFile withPresent(boolean isPresent) {
    return new HubFile(path, size, hash, isPresent);
  }
}
