package dev.peft4j.transformers;

import dev.peft4j.checkpoint.GgufTokenizer;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * What a tokenizer is made of, wherever that is from.
 *
 * @param file the tokenizer itself
 * @param again reads it again: it is not kept
 * @param path where it is, for messages
 * @param named the special tokens with a name of transformers
 * @param padding how batches are padded
 * @param cutLeft whether a long text loses its beginning, in place of its end
 * @param cleansUp whether decoding removes spaces before punctuation
 */
record TokenizerSource(
    TokenizerFile file,
    AliasedTokens.Source again,
    Path path,
    Map<String, String> named,
    TokenPadding padding,
    boolean cutLeft,
    boolean cleansUp) {

  /**
   * Reads a folder, a GGUF file or a {@code tokenizer.json}.
   *
   * @throws FileFormatException if there is no tokenizer
   */
  static TokenizerSource read(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      return ofFolder(path);
    }
    if (GgufFile.looksLikeOne(path)) {
      return ofGguf(path);
    }
    if (!Files.isRegularFile(path)) {
      throw new FileFormatException(
          path, Files.exists(path) ? "is not a file, expected a tokenizer.json" : "does not exist");
    }
    return of(Files.readAllBytes(path), path);
  }

  private static TokenizerSource ofFolder(Path path) throws IOException {
    TokenizerFolder folder = TokenizerFolder.read(path);
    TokenizerFile file = folder.checked();
    return new TokenizerSource(
        file,
        () -> TokenizerFolder.read(path).checked(),
        path.resolve(TokenizerFolder.FILE),
        folder.named(),
        TokenPadding.of(folder.padId(file), folder.padsLeft()),
        folder.cutsLeft(),
        folder.cleansUp());
  }

  private static TokenizerSource ofGguf(Path path) throws IOException {
    GgufTokenizer gguf = GgufTokenizer.of(GgufFile.open(path));
    return new TokenizerSource(
        TokenizerFile.check(gguf.json(), path),
        () -> TokenizerFile.check(GgufTokenizer.of(GgufFile.open(path)).json(), path),
        path,
        gguf.named(),
        TokenPadding.of(gguf.padId(), false),
        false,
        false);
  }

  /** Takes the contents of a {@code tokenizer.json}. */
  static TokenizerSource of(byte[] json, Path path) throws IOException {
    TokenizerFile file = TokenizerFile.check(TokenizerFile.parse(json, path), path);
    return new TokenizerSource(
        file,
        () -> TokenizerFile.check(TokenizerFile.parse(json, path), path),
        path,
        Map.of(),
        TokenPadding.of(file.padId(), false),
        false,
        false);
  }
}
