package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatMessage;
import dev.peft4j.chat.ChatTemplateException;
import dev.peft4j.chat.RenderOptions;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.Generated;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.GenerationResult;
import dev.peft4j.generate.Generator;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j generate}. */
@Command(
    name = "generate",
    mixinStandardHelpOptions = true,
    description = "Continues texts with a language model, and prints them token by token.")
final class GenerateCommand implements Callable<Integer> {
  private static final String STDIN = "-";

  @Mixin private Out out = new Out();
  @Mixin private ModelOptions options = new ModelOptions();
  @Mixin private GenerationOptions generation = new GenerationOptions();

  @Option(
      names = {"-a", "--adapter"},
      paramLabel = "FOLDER",
      description = "An adapter, of 'peft4j train' or of peft; without it the model as it is.")
  private @Nullable Path adapter;

  @Option(
      names = {"-p", "--prompt"},
      paramLabel = "TEXT",
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "What is to be continued; several are continued together. - reads one from standard"
              + " input.")
  private List<String> prompts = List.of();

  @Option(
      names = "--prompt-file",
      paramLabel = "FILE",
      description = "A file whose whole text is to be continued.")
  private @Nullable Path promptFile;

  @Option(
      names = "--num-beams",
      paramLabel = "N",
      description = "Searches with N beams; the text is printed when it is complete.")
  private @Nullable Integer beams;

  @Option(
      names = "--chat",
      description =
          "Each prompt is what a user says: it is written by the chat template of the adapter or"
              + " the model, and the answer is printed.")
  private boolean chat;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "With --chat: what the model is told before what the user says.")
  private @Nullable String system;

  @Option(
      names = "--chat-template",
      paramLabel = "FILE",
      description =
          "With --chat: a template to be used instead of the adapter's or the model's (Jinja), or"
              + " the name of one that is built in.")
  private @Nullable Path template;

  @Option(
      names = "--plain-content",
      description = "With --chat: special tokens that are typed in prompts stay text.")
  private boolean plainContent;

  @Override
  public Integer call() throws Exception {
    if (!chat && (system != null || template != null || plainContent)) {
      throw new UsageException("--system, --chat-template and --plain-content are for --chat");
    }
    List<String> texts = texts();
    return options.run(() -> generate(texts));
  }

  private List<String> texts() throws IOException {
    Path file = promptFile;
    if ((file == null) == prompts.isEmpty()) {
      throw new UsageException("needed is either --prompt or --prompt-file");
    }
    if (file != null) {
      try {
        return List.of(Files.readString(file));
      } catch (NoSuchFileException e) {
        throw new FileFormatException(file, "does not exist");
      }
    }
    List<String> all = new ArrayList<>();
    for (String p : prompts) {
      all.add(
          p.equals(STDIN)
              ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8).stripTrailing()
              : p);
    }
    return all;
  }

  private int generate(List<String> texts) throws IOException {
    CausalLm model = options.causalLm();
    model.eval();
    if (adapter != null) {
      Path at = AdapterPath.finite(adapter);
      CommandException.ofSettings(() -> PeftModel.load(model, at)).eval();
    }
    GenerationConfig config = generation.config(GenerationConfig.read(options.folder));
    int context = options.maxLength == null ? model.config().maxPositions() : options.maxLength;
    try (Tokenizer tokenizer = Tokenizer.load(options.folder, Integer.MAX_VALUE)) {
      Path at = adapter == null ? null : AdapterPath.of(adapter);
      ChatSettings talks = chat ? talking(at, tokenizer, config) : null;
      GenerationConfig all = talks == null ? continuing(at, config) : talks.with(config);
      return CommandException.ofSettings(
          () -> {
            GenerationConfig own = beams == null ? all : all.toBuilder().numBeams(beams).build();
            Generator generator = Generator.of(model, tokenizer).with(own).contextLength(context);
            return run(generator, texts, requests(generator, texts, talks));
          });
    }
  }

  private ChatSettings talking(@Nullable Path at, Tokenizer tokenizer, GenerationConfig config)
      throws IOException {
    return ChatManner.of(template, options.folder, at, tokenizer, config)
        .plainContent(plainContent);
  }

  /** Texts end where an adapter's do, too; a template of its own is told of. */
  private GenerationConfig continuing(@Nullable Path at, GenerationConfig config)
      throws IOException {
    if (at == null) {
      return config;
    }
    if (ChatSettings.differ(at, options.folder)) {
      out.warn(
          at
              + " was trained with another chat template than the model's; prompts are continued as"
              + " they are given, and --chat writes them by the adapter's template");
    }
    return ChatSettings.withEnds(config, at);
  }

  private List<GenerationRequest> requests(
      Generator generator, List<String> texts, @Nullable ChatSettings talks) {
    if (talks == null) {
      return texts.stream().map(generator::request).toList();
    }
    Tokenizer tokenizer = Objects.requireNonNull(generator.tokenizer());
    List<GenerationRequest> all = new ArrayList<>();
    for (String text : texts) {
      List<ChatMessage> messages = new ArrayList<>();
      if (system != null) {
        messages.add(ChatMessage.system(system));
      }
      messages.add(ChatMessage.user(text));
      int[] prompt;
      try {
        prompt = talks.prompt(tokenizer, messages, RenderOptions.NONE);
      } catch (ChatTemplateException e) {
        throw new CommandException(String.valueOf(e.getMessage()));
      }
      all.add(new GenerationRequest(prompt, generator.config(), null));
    }
    return all;
  }

  private int run(Generator generator, List<String> texts, List<GenerationRequest> requests) {
    Path file = promptFile;
    int length = requests.getFirst().prompt().length;
    if (file != null && length > generator.contextLength()) {
      throw new CommandException(
          file
              + ": the prompt has "
              + length
              + " tokens, longer than the context of "
              + generator.contextLength()
              + "; shorten it, or see --max-length");
    }
    boolean streams = texts.size() == 1 && !out.json() && generator.config().numBeams() == 1;
    PrintWriter writer = out.writer();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void onText(int row, String part) {
            if (streams) {
              writer.print(Out.printable(part));
              writer.flush();
            }
          }
        };
    GenerationResult result = generator.run(requests, listener);
    if (streams) {
      writer.println();
    }
    for (Generated row : streams ? List.<Generated>of() : result.rows()) {
      print(row, texts.get(row.row()), requests.get(row.row()));
    }
    if (!out.json()) {
      out.note(
          "%d tokens in %.1f s, %.1f tokens/s",
          result.newTokens(), result.seconds(), result.tokensPerSecond());
    }
    return 0;
  }

  private void print(Generated row, String prompt, GenerationRequest request) {
    if (!out.json()) {
      out.writer().println(Out.printable(row.text()));
      return;
    }
    ObjectNode tree =
        Out.object()
            .put("prompt", prompt)
            .put("text", row.text())
            .put("prompt_tokens", request.prompt().length)
            .put("new_tokens", row.tokens().length)
            .put("finish_reason", row.reason().name().toLowerCase(Locale.ROOT));
    if (request.config().numBeams() > 1) {
      tree.put("score", row.score());
    }
    out.line(tree);
  }
}
