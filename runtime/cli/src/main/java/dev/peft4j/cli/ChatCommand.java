package dev.peft4j.cli;

import dev.peft4j.generate.ChatSession;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
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

  @Option(
      names = "--plain-content",
      description =
          "Keep special tokens that are typed in messages as text, instead of making them those"
              + " tokens, as transformers does.")
  private boolean plainContent;

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
      Map<String, ChatSettings> settings = settings(folders, tokenizer, config);
      ChatSettings first = settings.values().iterator().next();
      ChatSession chat = new ChatSession(set == null ? generator : generator.with(set), first);
      if (system != null) {
        chat.system(system);
      }
      new Conversation(chat, List.copyOf(folders.keySet()), settings, input, out).hold();
      return 0;
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
    for (Map.Entry<String, Path> e : folders.entrySet()) {
      Path at = AdapterPath.finite(e.getValue());
      AdaptedModel<?> before = adapted;
      adapted =
          CommandException.ofSettings(
              () ->
                  before == null ? first(model, at, e.getKey()) : further(before, at, e.getKey()));
    }
    if (adapted == null) {
      return null;
    }
    adapted.eval();
    return adapted.adapters();
  }

  private static AdaptedModel<?> first(CausalLm model, Path adapter, String name) {
    AdaptedModel<CausalLm> adapted = PeftModel.load(model, adapter);
    String given = adapted.adapters().names().getFirst();
    if (!given.equals(name)) {
      adapted.adapters().rename(given, name);
    }
    return adapted;
  }

  private static AdaptedModel<?> further(AdaptedModel<?> adapted, Path adapter, String name) {
    adapted.adapters().addFrom(adapter, name);
    return adapted;
  }

  /** The manner of each adapter, and behind them that of the base; the first one begins. */
  private Map<String, ChatSettings> settings(
      Map<String, Path> folders, Tokenizer tokenizer, GenerationConfig config) throws IOException {
    Map<String, ChatSettings> all = new LinkedHashMap<>();
    for (Map.Entry<String, Path> e : folders.entrySet()) {
      all.put(e.getKey(), manner(AdapterPath.of(e.getValue()), tokenizer, config));
    }
    boolean knows = template != null || ChatSettings.template(options.folder) != null;
    all.put(
        AdapterSet.BASE,
        knows || all.isEmpty()
            ? manner(null, tokenizer, config)
            : all.values().iterator().next()); // the model alone does not talk
    return all;
  }

  private ChatSettings manner(@Nullable Path adapter, Tokenizer tokenizer, GenerationConfig config)
      throws IOException {
    return ChatManner.of(template, options.folder, adapter, tokenizer, config)
        .plainContent(plainContent);
  }
}
