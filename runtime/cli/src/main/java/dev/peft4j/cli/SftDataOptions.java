package dev.peft4j.cli;

import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.sft.LossOn;
import dev.peft4j.sft.SftEncoder;
import dev.peft4j.sft.SftOptions;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help;
import picocli.CommandLine.Option;

/** The options for rows of text and conversations that a language model learns from. */
final class SftDataOptions {
  /** The values of {@code --loss}. */
  enum Loss {
    answers(LossOn.DEFAULT),
    completion(LossOn.COMPLETION),
    assistant(LossOn.ASSISTANT),
    all(LossOn.ALL);

    private final LossOn on;

    Loss(LossOn on) {
      this.on = on;
    }
  }

  @Option(
      names = {"--loss", "--loss-on"},
      paramLabel = "TOKENS",
      description =
          "The tokens that are learned: answers (the assistant's in conversations, completions of"
              + " prompts, all of a text), completion, assistant, or all.")
  Loss loss = Loss.answers;

  @Option(
      names = "--chat-template",
      paramLabel = "FILE",
      description =
          "A chat template to be used instead of the model's own (Jinja), or the name of one that"
              + " is built in: chatml, llama3, plain, zephyr.")
  @Nullable Path template;

  @Option(
      names = "--text-field",
      paramLabel = "KEY",
      showDefaultValue = Help.Visibility.ALWAYS,
      description = "The key of plain texts in rows.")
  String textField = "text";

  @Option(
      names = "--skip-bad-rows",
      description = "Count rows that cannot become examples instead of ending with an error.")
  boolean skipBadRows;

  @Option(
      names = "--allow-dropped",
      description =
          "Accept that a tenth of the rows or more are dropped because none of their tokens is"
              + " learned; it is an error otherwise.")
  boolean allowDropped;

  @Option(
      names = "--plain-content",
      description =
          "Keep special tokens that are typed in messages as text, instead of making them those"
              + " tokens, as transformers does.")
  boolean plainContent;

  /** Whether long texts are split instead of cut; decided by the packing. */
  boolean splitTexts;

  /** Returns the encoder of rows for a model with the tokenizer. */
  SftEncoder encoder(@Nullable ChatTemplate chat, Tokenizer tokenizer, int maxLength) {
    SftOptions options =
        SftOptions.DEFAULT
            .lossOn(loss.on)
            .textField(textField)
            .maxLength(maxLength)
            .skipBadRows(skipBadRows)
            .splitTexts(splitTexts)
            .plainContent(plainContent)
            .mostDropped(allowDropped ? 1 : SftOptions.MOST_DROPPED);
    return CommandException.ofSettings(() -> new SftEncoder(tokenizer, chat, options));
  }

  /**
   * Returns the chat template that was asked for, else the adapter's, else the model's; null if
   * there is none.
   *
   * @param adapter an adapter that is used, or null
   */
  @Nullable ChatTemplate template(Path folder, @Nullable Path adapter, Tokenizer tokenizer)
      throws IOException {
    Path file = template;
    if (file == null) {
      ChatTemplate own = adapter == null ? null : ChatSettings.template(adapter);
      ChatTemplate chosen = own == null ? ChatSettings.template(folder) : own;
      return chosen == null || !chosen.specialTokens().isEmpty()
          ? chosen
          : chosen.withSpecialTokens(tokenizer.specialTokens());
    }
    if (!Files.exists(file) && ChatTemplate.builtInNames().contains(file.toString())) {
      return ChatTemplate.builtIn(file.toString()).withSpecialTokens(tokenizer.specialTokens());
    }
    if (!Files.isRegularFile(file)) {
      throw new FileFormatException(
          file,
          Files.exists(file)
              ? "is not a file"
              : "does not exist; expected a chat template, or one that is built in: "
                  + String.join(", ", ChatTemplate.builtInNames()));
    }
    try {
      return ChatTemplate.of(file.toString(), Files.readString(file))
          .withSpecialTokens(tokenizer.specialTokens());
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, "is not UTF-8 text", e);
    }
  }
}
