package dev.peft4j.cli;

import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The manner in which a model talks on the command line. */
final class ChatManner {
  private ChatManner() {}

  /**
   * Returns the settings of the template that was given, else of the adapter's, else of the
   * model's.
   *
   * @param given a file, or the name of a template that is built in; null for none
   * @param model the model's folder or file
   * @param adapter the adapter's folder, or null
   * @throws CommandException if there is no template
   */
  static ChatSettings of(
      @Nullable Path given,
      Path model,
      @Nullable Path adapter,
      Tokenizer tokenizer,
      GenerationConfig config)
      throws IOException {
    if (given != null) {
      SftDataOptions data = new SftDataOptions();
      data.template = given;
      ChatTemplate template = Objects.requireNonNull(data.template(model, null, tokenizer));
      return ChatSettings.given(template, adapter, tokenizer, config);
    }
    ChatSettings found = ChatSettings.read(adapter, model, tokenizer, config);
    if (found == null) {
      throw new CommandException(
          model
              + " has no chat template: it is a model that continues texts (peft4j generate), or"
              + " give a template with --chat-template FILE, or one that is built in: "
              + String.join(", ", ChatTemplate.builtInNames()));
    }
    return found;
  }
}
