package dev.peft4j.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatMessage;
import dev.peft4j.chat.ChatTemplateException;
import dev.peft4j.generate.ChatSession;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.FinishReason;
import dev.peft4j.generate.Generated;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.tuner.AdapterSet;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A conversation at a terminal or in a file: messages, their answers, and commands. */
final class Conversation {
  private static final JsonMapper JSON = new JsonMapper();

  private static final double MEGABYTE = 1e6;

  private static final String HELP =
      """
      /system TEXT   tells the model something before all turns
      /adapter NAME  lets another adapter answer; base for none
      /reset         forgets the conversation
      /save FILE     appends the conversation to a file of training data
      /cache         shows what the conversation's cache holds and takes
      /exit          ends the program\
      """;

  private final ChatSession chat;
  private final List<String> adapters;
  private final Map<String, ChatSettings> manners;
  private final ChatInput input;
  private final Out out;

  /**
   * A conversation that has not begun.
   *
   * @param adapters the names of those that can answer; the first one does
   * @param manners how each of them talks, and the base
   */
  Conversation(
      ChatSession chat,
      List<String> adapters,
      Map<String, ChatSettings> manners,
      ChatInput input,
      Out out) {
    this.chat = chat;
    this.adapters = adapters;
    this.manners = manners;
    this.input = input;
    this.out = out;
  }

  /**
   * Answers until the input or the user ends it.
   *
   * @throws CommandException if a message cannot be answered and nobody is there to read why
   */
  void hold() throws IOException {
    if (!adapters.isEmpty()) {
      chat.adapter(adapters.getFirst());
    }
    if (input.isInteractive()) {
      out.note("Type a message, or /help.");
    }
    String text = input.read();
    while (text != null && goesOn(text)) {
      text = input.read();
    }
  }

  /** Carries out a command or answers a message; returns false if that ended the conversation. */
  private boolean goesOn(String text) throws IOException {
    try {
      if (text.startsWith("/")) {
        return command(text.strip());
      }
      if (!text.isBlank()) {
        answer(text);
      }
    } catch (ChatTemplateException | IllegalArgumentException | CommandException e) {
      if (!input.isInteractive()) {
        throw new CommandException(String.valueOf(e.getMessage()));
      }
      out.note("%s", e.getMessage());
    }
    return true;
  }

  private void answer(String text) {
    PrintWriter writer = out.writer();
    input.cancelled.set(false);
    boolean streams = !out.json();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void onText(int row, String part) {
            if (streams) {
              writer.print(Out.printable(part));
              writer.flush();
            }
          }

          @Override
          public boolean cancelled() {
            return input.cancelled.get();
          }
        };
    Generated answer = chat.answer(ChatMessage.user(text), listener);
    if (streams) {
      writer.println(answer.reason() == FinishReason.LENGTH ? " ..." : "");
      writer.flush();
      return;
    }
    out.line(
        Out.object()
            .put("role", "assistant")
            .put("content", answer.text())
            .put("new_tokens", answer.tokens().length)
            .put("reused_tokens", chat.reused())
            .put("cache_bytes", chat.bytes())
            .put("finish_reason", answer.reason().name().toLowerCase(Locale.ROOT)));
  }

  /** Carries out a command; false ends the conversation. */
  private boolean command(String line) throws IOException {
    int space = line.indexOf(' ');
    String name = space < 0 ? line : line.substring(0, space);
    String rest = space < 0 ? "" : line.substring(space + 1).strip();
    switch (name) {
      case "/exit", "/quit" -> {
        return false;
      }
      case "/help" -> HELP.lines().forEach(l -> out.note("%s", l));
      case "/reset" -> chat.reset();
      case "/system" -> chat.system(required(rest, "/system TEXT"));
      case "/adapter" -> adapter(rest);
      case "/cache" -> out.note("%,d tokens in %.1f MB", chat.cached(), chat.bytes() / MEGABYTE);
      case "/save" -> save(required(rest, "/save FILE"));
      default ->
          throw new CommandException(
              name
                  + " is not a command; there are /system, /adapter, /reset, /save, /cache, /help,"
                  + " /exit");
    }
    return true;
  }

  private static String required(String text, String usage) {
    if (text.isEmpty()) {
      throw new CommandException("needed is " + usage);
    }
    return text;
  }

  private void adapter(String name) {
    if (adapters.contains(name)) {
      talkAs(name, name);
    } else if (name.equals("base")) {
      talkAs(adapters.isEmpty() ? null : AdapterSet.BASE, AdapterSet.BASE);
    } else {
      throw new CommandException(
          (name.isEmpty() ? "needed is /adapter NAME" : "there is no adapter \"" + name + "\"")
              + "; there are "
              + (adapters.isEmpty() ? "" : String.join(", ", adapters) + ", ")
              + "base");
    }
  }

  private void talkAs(@Nullable String name, String manner) {
    chat.adapter(name);
    ChatSettings settings = manners.get(manner);
    if (settings != null) {
      chat.settings(settings);
    }
  }

  private void save(String file) {
    ObjectNode row = Out.object();
    ArrayNode messages = row.putArray("messages");
    chat.messages().forEach(m -> messages.add(m.json()));
    try {
      String line = JSON.writeValueAsString(row) + "\n";
      Files.writeString(Path.of(file), line, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException | UncheckedIOException | InvalidPathException e) {
      throw new CommandException(file + ": cannot be written: " + e.getMessage());
    }
    out.note("saved %d messages to %s", messages.size(), file);
  }
}
