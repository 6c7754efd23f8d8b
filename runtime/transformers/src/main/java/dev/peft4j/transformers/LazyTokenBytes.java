package dev.peft4j.transformers;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** The bytes of a tokenizer's tokens, made of its file when somebody asks. */
final class LazyTokenBytes {
  private final AliasedTokens.Source source;
  private @Nullable TokenBytes bytes;

  LazyTokenBytes(AliasedTokens.Source source) {
    this.source = source;
  }

  synchronized TokenBytes get() {
    TokenBytes known = bytes;
    if (known == null) {
      try {
        known = new TokenBytes(source.read().pieces());
      } catch (IOException e) {
        throw new UncheckedIOException("the tokenizer's file was read before, and cannot now", e);
      }
      bytes = known;
    }
    return known;
  }
}
