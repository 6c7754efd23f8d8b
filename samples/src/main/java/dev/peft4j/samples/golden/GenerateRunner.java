package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.peft4j.generate.Generated;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.GenerationListener;
import dev.peft4j.generate.GenerationRequest;
import dev.peft4j.generate.GenerationResult;
import dev.peft4j.generate.Generator;
import dev.peft4j.generate.LogitsProcessor;
import dev.peft4j.generate.LogitsProcessorKind;
import dev.peft4j.generate.LogitsProcessors;
import dev.peft4j.generate.TokenHistory;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.ModelFamily;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Runs the generation of a decoder's case: whole sequences, scores after the processors, filters of
 * sampling, and the processors alone. Each has a line of its own.
 */
final class GenerateRunner {
  private static final double TOLERANCE = 1e-4;

  private final JsonNode json;
  private final SafeTensors io;
  private final GenerationConfig config;

  private GenerateRunner(JsonNode json, SafeTensors io, GenerationConfig config) {
    this.json = json;
    this.io = io;
    this.config = config;
  }

  /** Runs a case of processors alone. */
  static CaseResult processors(Path folder) throws IOException {
    JsonNode json = json(folder);
    GenerateRunner runner =
        new GenerateRunner(
            json,
            SafeTensors.open(folder.resolve("io.safetensors")),
            GenerationConfig.builder().build());
    List<Difference> all = new ArrayList<>();
    List<String> reasons = new ArrayList<>();
    for (Map.Entry<String, JsonNode> e : json.path("processors").properties()) {
      try {
        all.add(runner.processor(e.getKey(), e.getValue()));
      } catch (IllegalArgumentException x) {
        reasons.add(e.getKey() + ": " + x.getMessage());
      }
    }
    return CaseResult.of(Difference.largestOfEach(all), reasons);
  }

  /** Returns a line for each generation and filter of a case; none for cases of other kinds. */
  static List<GoldenEntry> entries(Path folder) {
    JsonNode json = json(folder);
    List<GoldenEntry> entries = new ArrayList<>();
    Once runner = new Once(folder, json);
    String prefix = folder.getFileName() + "/";
    for (Map.Entry<String, JsonNode> e : json.path("generate").properties()) {
      String name = "gen." + e.getKey();
      entries.add(entry(prefix + name, () -> runner.generation(name, e.getValue())));
    }
    for (Map.Entry<String, JsonNode> e : json.path("filters").properties()) {
      entries.add(
          entry(
              prefix + "filter." + e.getKey(),
              () -> runner.get().filter(e.getKey(), e.getValue())));
    }
    if (json.path("kind").asText().equals("causal-lm")) {
      for (String adapter : List.of("attn", "all")) {
        for (String kind : List.of("single", "batch")) {
          String name = "lora." + adapter + ".gen." + (kind.equals("single") ? "greedy" : kind);
          entries.add(entry(prefix + name, () -> runner.adapted(adapter, kind, name)));
        }
      }
    }
    return entries;
  }

  private static JsonNode json(Path folder) {
    Path file = folder.resolve("case.json");
    try {
      return Files.exists(file)
          ? new ObjectMapper().readTree(file.toFile())
          : MissingNode.getInstance();
    } catch (IOException e) {
      return MissingNode.getInstance(); // the case's own line says so
    }
  }

  /** A computation that may fail. */
  private interface Body {
    CaseResult run() throws IOException;
  }

  private static GoldenEntry entry(String name, Body body) {
    return new GoldenEntry(
        name,
        () -> {
          try {
            return body.run();
          } catch (IOException | RuntimeException e) {
            String message = e.getMessage();
            return CaseResult.failed(message == null ? e.toString() : message);
          }
        });
  }

  /** What the lines of a case share, loaded when it is needed first. */
  private static final class Once {
    private final Path folder;
    private final JsonNode json;
    private @Nullable GenerateRunner runner;
    private @Nullable CausalLm model;
    private final Map<String, AdaptedModel<CausalLm>> adapted = new HashMap<>();

    Once(Path folder, JsonNode json) {
      this.folder = folder;
      this.json = json;
    }

    GenerateRunner get() throws IOException {
      if (runner == null) {
        SafeTensors io = SafeTensors.open(folder.resolve("io.safetensors"));
        runner = new GenerateRunner(json, io, GenerationConfig.read(folder.resolve("model")));
      }
      return runner;
    }

    private CausalLm load() throws IOException {
      CausalLm loaded = Transformers.causalLm(folder.resolve("model"));
      loaded.eval();
      return loaded;
    }

    private @Nullable CaseResult notRun() {
      String type = json.path("model_type").asText();
      boolean known =
          ModelFamily.all().stream().anyMatch(f -> f.modelType().equals(type))
              && json.path("kind").asText().equals("causal-lm");
      return known ? null : CaseResult.unsupported("model type " + type);
    }

    CaseResult generation(String name, JsonNode spec) throws IOException {
      CaseResult not = notRun();
      if (not != null) {
        return not;
      }
      if (model == null) {
        model = load();
      }
      GenerateRunner r = get();
      GenerationConfig own = r.config.toBuilder().json(spec.path("args").toString()).build();
      String prompts = "gen." + spec.path("input").asText();
      return r.generation(name, prompts, Generator.of(model), own);
    }

    CaseResult adapted(String adapter, String kind, String name) throws IOException {
      CaseResult not = notRun();
      if (not != null) {
        return not;
      }
      AdaptedModel<CausalLm> peft = adapted.get(adapter);
      if (peft == null) {
        peft = PeftModel.load(load(), folder.resolve("adapter-" + adapter));
        peft.eval();
        adapted.put(adapter, peft);
      }
      GenerateRunner r = get();
      GenerationConfig own =
          r.config.toBuilder().maxNewTokens(json.path("new_tokens").asInt()).build();
      String prompts = "lora." + adapter + ".gen." + kind;
      return peft.call(m -> r.generation(name, prompts, Generator.of(m), own));
    }
  }

  private Tensor tensor(String name) {
    try {
      return GoldenCase.tensor(io, name);
    } catch (IOException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  private boolean has(String name) {
    return io.names().contains(name);
  }

  // ---- sequences

  private CaseResult generation(
      String name, String prompts, Generator generator, GenerationConfig config) {
    int[][] ids = rows(tensor(prompts + ".input_ids"));
    int[][] mask = rows(tensor(prompts + ".attention_mask"));
    List<GenerationRequest> requests = new ArrayList<>();
    for (int b = 0; b < ids.length; b++) {
      int padding = ids[b].length - Arrays.stream(mask[b]).sum();
      int[] prompt = Arrays.copyOfRange(ids[b], padding, ids[b].length);
      requests.add(new GenerationRequest(prompt, config, null));
    }
    Scores scores = new Scores(has(name + ".scores") || has(name + ".logits"));
    GenerationResult result = generator.run(requests, scores);
    List<String> reasons = new ArrayList<>();
    sequences(name, ids, result, config, reasons);
    List<Difference> differences = new ArrayList<>();
    if (has(name + ".sequences_scores")) {
      Difference d = new Difference("scores", TOLERANCE);
      float[] found = new float[result.rows().size()];
      for (int i = 0; i < found.length; i++) {
        found[i] = (float) result.rows().get(i).score();
      }
      d.add(name + ".sequences_scores", Tensor.of(found), tensor(name + ".sequences_scores"));
      differences.add(d);
    }
    scores.compare(name + ".logits", scores.logits, differences);
    scores.compare(name + ".scores", scores.processed, differences);
    return CaseResult.of(differences, reasons);
  }

  private void sequences(
      String name,
      int[][] prompts,
      GenerationResult result,
      GenerationConfig config,
      List<String> reasons) {
    int[][] expected = rows(tensor(name + ".sequences"));
    Integer pad = config.padTokenId();
    boolean firstEos = config.numBeams() > 1 && pad != null && pad == 0; // transformers' beams
    pad = firstEos && !config.eosTokenIds().isEmpty() ? config.eosTokenIds().getFirst() : pad;
    int[][] fresh = result.padded(pad);
    if (fresh.length != expected.length) {
      reasons.add(fresh.length + " sequences, transformers has " + expected.length);
      return;
    }
    for (int i = 0; i < fresh.length; i++) {
      Generated row = result.rows().get(i);
      int[] prompt = prompts[row.row()];
      int[] found = Arrays.copyOf(prompt, prompt.length + fresh[i].length);
      System.arraycopy(fresh[i], 0, found, prompt.length, fresh[i].length);
      int at = Arrays.mismatch(found, expected[i]);
      if (at >= 0) {
        reasons.add(
            "sequence "
                + i
                + " differs at "
                + at
                + ": "
                + Arrays.toString(found)
                + ", transformers "
                + Arrays.toString(expected[i]));
      }
    }
  }

  private static int[][] rows(Tensor t) {
    int[] all = t.toInts();
    int columns = t.dim(-1);
    int[][] out = new int[all.length / columns][];
    for (int r = 0; r < out.length; r++) {
      out[r] = Arrays.copyOfRange(all, r * columns, (r + 1) * columns);
    }
    return out;
  }

  /** Keeps the scores of each step and row. */
  private final class Scores implements GenerationListener {
    private final boolean wanted;
    private final Map<Integer, List<float[]>> logits = new LinkedHashMap<>();
    private final Map<Integer, List<float[]>> processed = new LinkedHashMap<>();

    Scores(boolean wanted) {
      this.wanted = wanted;
    }

    @Override
    public boolean wantsScores() {
      return wanted;
    }

    @Override
    public void onScores(int row, float[] raw, float[] scores) {
      logits.computeIfAbsent(row, r -> new ArrayList<>()).add(raw.clone());
      processed.computeIfAbsent(row, r -> new ArrayList<>()).add(scores.clone());
    }

    /** Compares what there is of each row: transformers goes on with rows that have ended. */
    void compare(String name, Map<Integer, List<float[]>> found, List<Difference> differences) {
      if (!has(name)) {
        return;
      }
      Tensor expected = tensor(name);
      float[] all = expected.toFloats();
      int rows = expected.dim(1);
      int n = expected.dim(2);
      Difference d = Difference.scaled(name.substring(name.lastIndexOf('.') + 1), TOLERANCE);
      found.forEach(
          (row, steps) -> {
            for (int s = 0; s < steps.size(); s++) {
              int at = (s * rows + row) * n;
              add(d, name, steps.get(s), Arrays.copyOfRange(all, at, at + n));
            }
          });
      differences.add(d);
    }
  }

  /** Compares scores: what is not finite has to be the same, the others nearly. */
  private static void add(Difference d, String name, float[] found, float[] expected) {
    float[] a = found.clone();
    float[] b = expected.clone();
    for (int i = 0; i < a.length; i++) {
      if (!Float.isFinite(a[i]) || !Float.isFinite(b[i])) {
        boolean same = Float.compare(a[i], b[i]) == 0;
        a[i] = 0;
        b[i] = same ? 0 : Float.NaN;
      }
    }
    d.add(name, Tensor.of(a), Tensor.of(b));
  }

  // ---- filters and processors

  private CaseResult filter(String name, JsonNode args) {
    Tensor rows = tensor("filter.logits");
    float[] all = rows.toFloats();
    float[] expected = tensor("filter." + name).toFloats();
    int n = rows.dim(-1);
    GenerationConfig config =
        GenerationConfig.builder().json(args.toString()).doSample(true).build();
    List<LogitsProcessor> list =
        LogitsProcessors.of(config, new LogitsProcessorKind.Row(List.of(), 20, List.of(), 1));
    Difference d = Difference.scaled("scores", 1e-5);
    for (int r = 0; r < rows.dim(0); r++) {
      float[] scores = Arrays.copyOfRange(all, r * n, (r + 1) * n);
      TokenHistory none = new TokenHistory(new int[] {0}, 0);
      list.forEach(p -> p.process(scores, none));
      add(d, "filter." + name, scores, Arrays.copyOfRange(expected, r * n, (r + 1) * n));
    }
    return CaseResult.of(List.of(d), List.of());
  }

  private Difference processor(String name, JsonNode spec) {
    Tensor scores = tensor(spec.path("scores").asText());
    int[][] ids = rows(tensor("input_ids"));
    int promptLength = spec.path("prompt_length").asInt();
    boolean sampling = spec.path("do_sample").asBoolean();
    GenerationConfig config =
        GenerationConfig.builder().json(spec.path("args").toString()).doSample(sampling).build();
    List<Integer> eos = new ArrayList<>();
    spec.path("eos_token_id").forEach(e -> eos.add(e.asInt()));
    int beams = config.numBeams();
    int keep = beams == 1 ? 1 : eos.isEmpty() ? 2 : eos.size() + 1;
    float[] all = scores.toFloats();
    float[] expected = tensor("out." + name).toFloats();
    int n = scores.dim(-1);
    Difference d = Difference.scaled("scores", 1e-5);
    for (int r = 0; r < ids.length; r++) {
      int[] prompt = Arrays.copyOf(ids[r], promptLength);
      LogitsProcessorKind.Row row =
          new LogitsProcessorKind.Row(
              Arrays.stream(prompt).boxed().toList(),
              config.maxLength(promptLength, Integer.MAX_VALUE),
              eos,
              keep);
      TokenHistory history =
          TokenHistory.of(prompt, Arrays.copyOfRange(ids[r], promptLength, ids[r].length));
      float[] one = Arrays.copyOfRange(all, r * n, (r + 1) * n);
      LogitsProcessors.of(config, row).forEach(p -> p.process(one, history));
      add(d, "out." + name, one, Arrays.copyOfRange(expected, r * n, (r + 1) * n));
    }
    return d;
  }
}
