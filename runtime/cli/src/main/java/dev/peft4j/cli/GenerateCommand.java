package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.generate.Generated;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationConfigBuilder;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.GenerationResult;
import dev.peft4j.generate.Generator;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.Printable;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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
  private static final int NEW_TOKENS = 128;
  private static final String STDIN = "-";

  @Mixin private Out out = new Out();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      converter = HubAccess.Folder.class,
      description =
          "A decoder as Hugging Face lays it out (Llama, Qwen, Gemma, ...), or the name of one"
              + " that 'peft4j download' has fetched, OWNER/MODEL or OWNER/MODEL@REVISION.")
  private Path folder = Path.of("");

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
      names = {"-n", "--max-new-tokens"},
      paramLabel = "N",
      description =
          "The most new tokens; by default what the model's generation_config.json says, else "
              + NEW_TOKENS
              + ".")
  private @Nullable Integer maxNewTokens;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description =
          "Samples, with scores divided by T: below 1 for safer text, above for more varied text."
              + " 0 takes the most probable token.")
  private @Nullable Double temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Samples from the K most probable tokens; 0 for all.")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description = "Samples from the most probable tokens that have P together.")
  private @Nullable Double topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description = "Samples from tokens with at least P times the largest probability.")
  private @Nullable Double minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "X",
      description = "Above 1, tokens that occur already become less probable.")
  private @Nullable Double repetitionPenalty;

  @Option(
      names = "--num-beams",
      paramLabel = "N",
      description = "Searches with N beams; the text is printed when it is complete.")
  private @Nullable Integer beams;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "Ends at a text, which is not printed; may be given several times.")
  private List<String> stops = List.of();

  @Option(
      names = "--set",
      paramLabel = "NAME=VALUE",
      description =
          "Any other setting of generation_config.json, its value as JSON:"
              + " --set no_repeat_ngram_size=3.")
  private Map<String, String> settings = new LinkedHashMap<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Where random numbers begin: the same seed gives the same text.")
  private @Nullable Long seed;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description =
          "How the weights are held: float32, bfloat16 or float16; by default as in the file.")
  private @Nullable String dtype;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      description =
          "What computes, see 'peft4j devices'; by default what PEFT4J_DEVICE names, else the CPU.")
  private @Nullable String device;

  @Override
  public Integer call() throws Exception {
    List<String> texts = texts();
    Encoding encoding = encoding();
    ModelOptions model = new ModelOptions();
    model.folder = folder;
    model.device = device;
    return model.run(() -> generate(texts, encoding));
  }

  private List<String> texts() throws IOException {
    if ((promptFile == null) == prompts.isEmpty()) {
      throw new UsageException("needed is either --prompt or --prompt-file");
    }
    if (promptFile != null) {
      return List.of(Files.readString(promptFile));
    }
    List<String> all = new ArrayList<>();
    for (String p : prompts) {
      all.add(
          p.equals(STDIN)
              ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8)
              : p);
    }
    return all;
  }

  private @Nullable Encoding encoding() {
    if (dtype == null) {
      return null;
    }
    return switch (dtype.toLowerCase(Locale.ROOT)) {
      case "float32" -> Encodings.FLOAT32;
      case "bfloat16" -> Encodings.BFLOAT16;
      case "float16" -> Encodings.FLOAT16;
      default ->
          throw new UsageException(
              "--dtype is \"" + dtype + "\", expected float32, bfloat16 or float16");
    };
  }

  private int generate(List<String> texts, @Nullable Encoding encoding) throws IOException {
    CausalLm model =
        encoding == null ? Transformers.causalLm(folder) : Transformers.causalLm(folder, encoding);
    model.eval();
    if (adapter != null) {
      Path at = AdapterPath.of(adapter);
      Adapter weights = AdapterFolder.read(at);
      weights.checkFinite();
      CommandException.ofSettings(() -> PeftModel.load(model, at)).eval();
    }
    GenerationConfig config = config();
    try (Tokenizer tokenizer = Tokenizer.load(folder, model.config().maxPositions())) {
      Generator generator = Generator.of(model, tokenizer).with(config);
      return CommandException.ofSettings(() -> run(generator, texts));
    }
  }

  private GenerationConfig config() throws IOException {
    GenerationConfig file = GenerationConfig.read(folder);
    return CommandException.ofSettings(() -> config(file));
  }

  private GenerationConfig config(GenerationConfig file) {
    GenerationConfigBuilder b = file.toBuilder();
    settings.forEach((name, value) -> b.json("{\"" + name + "\": " + value + "}"));
    if (maxNewTokens != null) {
      b.maxNewTokens(maxNewTokens);
    } else if (!b.setsLength()) {
      b.maxNewTokens(NEW_TOKENS);
    }
    if (topK != null) {
      b.topK(topK);
    }
    if (topP != null) {
      b.topP(topP);
    }
    if (minP != null) {
      b.minP(minP);
    }
    if (temperature != null && temperature == 0) {
      b.doSample(false);
    } else if (temperature != null) {
      b.temperature(temperature);
    }
    if (repetitionPenalty != null) {
      b.repetitionPenalty(repetitionPenalty);
    }
    if (beams != null) {
      b.numBeams(beams);
    }
    if (!stops.isEmpty()) {
      b.stopStrings(stops.toArray(new String[0]));
    }
    if (seed != null) {
      b.seed(seed);
    }
    return b.build();
  }

  private int run(Generator generator, List<String> texts) {
    List<GenerationRequest> requests = texts.stream().map(generator::request).toList();
    boolean streams = texts.size() == 1 && !out.json() && generator.config().numBeams() == 1;
    PrintWriter writer = out.writer();
    GenerationListener listener =
        new GenerationListener() {
          @Override
          public void onText(int row, String part) {
            if (streams) {
              writer.print(printable(part));
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
      out.writer().println(printable(row.text()));
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

  /** Text that cannot control a terminal; it keeps its lines and tabs. */
  private static String printable(String text) {
    StringBuilder safe = new StringBuilder();
    StringBuilder part = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\n' || c == '\t') {
        safe.append(Printable.of(part.toString())).append(c);
        part.setLength(0);
      } else {
        part.append(c);
      }
    }
    return safe.append(Printable.of(part.toString())).toString();
  }
}
