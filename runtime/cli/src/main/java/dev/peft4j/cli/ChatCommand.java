package dev.peft4j.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatMessage;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.chat.ChatTemplateException;
import dev.peft4j.generate.ChatSession;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.FinishReason;
import dev.peft4j.generate.Generated;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.Generator;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j chat}. */
@Command(
    name = "chat",
    mixinStandardHelpOptions = true,
    description = {
      "Talks with a language model.",
      "Each line is a message; one that ends with \\ goes on in the next line. At a terminal,"
          + " Ctrl-C ends the answer, Ctrl-D the conversation. Lines that begin with / are"
          + " commands: /help lists them."
    })
final class ChatCommand implements Callable<Integer> {
  private static final JsonMapper JSON = new JsonMapper();

  private static final String HELP =
      """
      /system TEXT   tells the model something before all turns
      /adapter NAME  lets another adapter answer; base for none
      /reset         forgets the conversation
      /save FILE     appends the conversation to a file of training data
      /exit          ends the program\
      """;

  @Mixin private Out out = new Out();
  @Mixin private ModelOptions options = new ModelOptions();
  @Mixin private GenerationOptions generation = new GenerationOptions();

  @Option(
      names = {"-a", "--adapter"},
      paramLabel = "[NAME=]FOLDER",
      description =
          "An adapter, of 'peft4j train' or of peft; several with names, of which the first"
              + " answers.")
  private List<String> adapters = List.of();

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "What the model is told before all turns.")
  private @Nullable String system;

  @Option(
      names = "--chat-template",
      paramLabel = "FILE",
      description = "A chat template to be used instead of the adapter's or the model's (Jinja).")
  private @Nullable Path template;

  private List<String> names = List.of();

  @Override
  public Integer call() throws Exception {
    return options.run(this::talk);
  }

  private int talk() throws IOException {
    Map<String, Path> folders = folders();
    CausalLm model = options.causalLm();
    model.eval();
    AdapterSet set = load(model, folders);
    int context = options.maxLength == null ? model.config().maxPositions() : options.maxLength;
    GenerationConfig config = generation.config(GenerationConfig.read(options.folder));
    try (Tokenizer tokenizer = Tokenizer.load(options.folder, Integer.MAX_VALUE);
        ChatInput input = ChatInput.of(System.in)) {
      Generator generator =
          CommandException.ofSettings(
              () -> Generator.of(model, tokenizer).with(config).contextLength(context));
      ChatSettings settings = settings(folders, tokenizer, config);
      ChatSession chat = new ChatSession(set == null ? generator : generator.with(set), settings);
      if (system != null) {
        chat.system(system);
      }
      if (!names.isEmpty()) {
        chat.adapter(names.getFirst());
      }
      if (input.isInteractive()) {
        out.note("Type a message, or /help.");
      }
      return loop(chat, input);
    }
  }

  private Map<String, Path> folders() {
    Map<String, Path> all = new LinkedHashMap<>();
    for (String given : adapters) {
      int at = given.indexOf('=');
      String name = at > 0 ? given.substring(0, at) : "default";
      if (all.put(name, Path.of(given.substring(at + 1))) != null) {
        throw new UsageException(
            "--adapter names \"" + name + "\" twice; with several, each needs a name: NAME=FOLDER");
      }
    }
    return all;
  }

  private @Nullable AdapterSet load(CausalLm model, Map<String, Path> folders) throws IOException {
    AdaptedModel<?> adapted = null;
    List<String> loaded = new ArrayList<>();
    for (Map.Entry<String, Path> e : folders.entrySet()) {
      Path at = AdapterPath.of(e.getValue());
      Adapter weights = AdapterFolder.read(at);
      weights.checkFinite();
      AdaptedModel<?> before = adapted;
      adapted =
          CommandException.ofSettings(
              () -> {
                if (before == null) {
                  AdaptedModel<CausalLm> first = PeftModel.load(model, at);
                  String given = first.adapters().names().getFirst();
                  if (!given.equals(e.getKey())) {
                    first.adapters().rename(given, e.getKey());
                  }
                  return first;
                }
                before.adapters().addFrom(at, e.getKey());
                return before;
              });
      loaded.add(e.getKey());
    }
    names = List.copyOf(loaded);
    if (adapted == null) {
      return null;
    }
    adapted.eval();
    return adapted.adapters();
  }

  private ChatSettings settings(
      Map<String, Path> folders, Tokenizer tokenizer, GenerationConfig config) throws IOException {
    if (template != null) {
      SftDataOptions data = new SftDataOptions();
      data.template = template;
      ChatTemplate given = data.template(options.folder, null, tokenizer);
      if (given != null) {
        return ChatSettings.of(given, tokenizer, config);
      }
    }
    Path first = folders.isEmpty() ? null : AdapterPath.of(folders.values().iterator().next());
    ChatSettings found = ChatSettings.read(first, options.folder, tokenizer, config);
    if (found == null) {
      throw new CommandException(
          options.folder
              + " has no chat template: it is a model that continues texts (peft4j generate), or"
              + " give a template with --chat-template FILE");
    }
    return found;
  }

  private int loop(ChatSession chat, ChatInput input) throws IOException {
    int failures = 0;
    for (String text = input.read(); text != null; text = input.read()) {
      if (text.isBlank()) {
        continue;
      }
      try {
        if (text.startsWith("/")) {
          if (!command(chat, text.strip())) {
            break;
          }
        } else {
          answer(chat, input, text);
        }
      } catch (ChatTemplateException | IllegalArgumentException | CommandException e) {
        if (!input.isInteractive()) {
          throw new CommandException(String.valueOf(e.getMessage()));
        }
        failures++;
        out.note("%s", e.getMessage());
      }
    }
    return failures > 0 && !input.isInteractive() ? Main.FAILED : 0;
  }

  private void answer(ChatSession chat, ChatInput input, String text) {
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
            .put("finish_reason", answer.reason().name().toLowerCase(Locale.ROOT)));
  }

  /** Carries out a command; false ends the conversation. */
  private boolean command(ChatSession chat, String line) throws IOException {
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
      case "/adapter" -> adapter(chat, rest);
      case "/save" -> save(chat, required(rest, "/save FILE"));
      default ->
          throw new CommandException(
              name + " is not a command; there are /system, /adapter, /reset, /save, /help, /exit");
    }
    return true;
  }

  private static String required(String text, String usage) {
    if (text.isEmpty()) {
      throw new CommandException("needed is " + usage);
    }
    return text;
  }

  private void adapter(ChatSession chat, String name) {
    if (name.equals("base")) {
      chat.adapter(names.isEmpty() ? null : AdapterSet.BASE);
    } else if (names.contains(name)) {
      chat.adapter(name);
    } else {
      throw new CommandException(
          (name.isEmpty() ? "needed is /adapter NAME" : "there is no adapter \"" + name + "\"")
              + "; there are "
              + (names.isEmpty() ? "" : String.join(", ", names) + ", ")
              + "base");
    }
  }

  private void save(ChatSession chat, String file) {
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
