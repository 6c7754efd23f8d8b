package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.tuner.prompt.PromptTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;

/** The tokenizers of folders and of the Hub's cache, for virtual tokens that start as a text. */
@AutoService(PromptTokenizer.class)
public final class FolderTokenizer implements PromptTokenizer {
  /** Creates it for {@link java.util.ServiceLoader}. */
  public FolderTokenizer() {}

  @Override
  public int[] ids(String tokenizer, String text) {
    try (Tokenizer t = Tokenizer.load(ModelFolders.resolve(tokenizer), Integer.MAX_VALUE)) {
      return t.tokenize(text, true).ids();
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }
}
