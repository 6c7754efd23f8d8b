package dev.peft4j.generate;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.KeyValueCache;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.tuner.AdapterSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One call of a generator. */
final class GenerationCall {
  private final Generator generator;
  private final DecodingModel model;
  private final List<GenerationRequest> requests;
  private final GenerationListener listener;
  private final GenerationConfig config;
  private final @Nullable GenerationSession session;

  /** Checks the rows. */
  GenerationCall(
      Generator generator, List<GenerationRequest> requests, GenerationListener listener) {
    this(generator, requests, listener, null);
  }

  /**
   * Checks the rows.
   *
   * @param session holds the cache of the only row; null for one of this call's own
   */
  GenerationCall(
      Generator generator,
      List<GenerationRequest> requests,
      GenerationListener listener,
      @Nullable GenerationSession session) {
    this.generator = generator;
    this.session = session;
    this.model = generator.model();
    this.requests = List.copyOf(requests);
    this.listener = listener;
    if (requests.isEmpty()) {
      throw new IllegalArgumentException("generate: there is no prompt");
    }
    this.config = requests.getFirst().config();
    for (int b = 0; b < requests.size(); b++) {
      requirePrompt(b, requests.get(b).prompt());
      requireSettings(requests.get(b).config());
    }
    requireEvaluation();
  }

  private void requirePrompt(int row, int[] prompt) {
    String name = requests.size() == 1 ? "the prompt" : "prompt " + row;
    if (prompt.length == 0) {
      throw new IllegalArgumentException(
          "generate: " + name + " has no tokens; begin with the bos token at least");
    }
    if (prompt.length > generator.contextLength()) {
      throw new IllegalArgumentException(
          "generate: "
              + name
              + " has "
              + prompt.length
              + " tokens, longer than the context of "
              + generator.contextLength()
              + "; shorten it"
              + (model.bounded() ? "" : ", or raise the context length"));
    }
    for (int i = 0; i < prompt.length; i++) {
      if (prompt[i] < 0 || prompt[i] >= model.vocabulary()) {
        throw new IllegalArgumentException(
            "generate: token "
                + i
                + " of "
                + name
                + " is "
                + prompt[i]
                + ", the vocabulary is 0 to "
                + (model.vocabulary() - 1));
      }
    }
  }

  private void requireSettings(GenerationConfig c) {
    c.eosTokenIds()
        .forEach(id -> requireToken("eos_token_id", id, ": the row would never end there"));
    Integer pad = c.find(Settings.PAD);
    if (pad != null) {
      requireToken("pad_token_id", pad, "");
    }
    if (!c.stopStrings().isEmpty() && generator.tokenizer() == null) {
      throw new IllegalArgumentException(
          "stop_strings need a tokenizer: give the generator one by with(tokenizer)");
    }
    int returned = c.numReturnSequences();
    if (c.numBeams() > 1 ? returned > c.numBeams() : returned > 1 && !c.doSample()) {
      throw new IllegalArgumentException(
          "num_return_sequences is "
              + returned
              + ", but there "
              + (c.numBeams() > 1
                  ? "are only " + c.numBeams() + " beams"
                  : "is only one most probable sequence: sample, or use beams"));
    }
    boolean alike = requests.stream().allMatch(r -> r.config().equals(c));
    if (!alike && (c.numBeams() > 1 || returned > 1)) {
      throw new IllegalArgumentException(
          "generate: rows with beams or several sequences must have the same settings");
    }
    if (!c.get(Settings.USE_CACHE) && c.numBeams() > 1) {
      throw new IllegalArgumentException("generate: beams need the cache; leave use_cache on");
    }
  }

  private void requireToken(String setting, int id, String why) {
    if (id >= model.vocabulary()) {
      throw new IllegalArgumentException(
          setting
              + " "
              + id
              + " is not in the vocabulary of "
              + model.vocabulary()
              + " tokens"
              + why);
    }
  }

  private void requireEvaluation() {
    for (NamedModule m : model.module().namedModules()) {
      Module module = m.module();
      if (module instanceof Dropout d
          && d.p() > 0
          && d.training()
          && generator.adapters() == null) {
        throw new IllegalStateException(
            "generate: the model is in training mode, in which dropout changes its results; call"
                + " eval() first");
      }
    }
  }

  GenerationResult run() {
    long start = System.nanoTime();
    int copies = config.numBeams() > 1 ? config.numBeams() : config.numReturnSequences();
    List<Generated> rows =
        scope(copies, config.numBeams() > 1 ? this::beams : () -> sample(copies));
    int prompts = requests.stream().mapToInt(r -> r.prompt().length).sum();
    return new GenerationResult(rows, prompts, (System.nanoTime() - start) / 1e9);
  }

  /** Runs with the adapters of the rows. */
  private <T> T scope(int copies, Supplier<T> body) {
    AdapterSet adapters = generator.adapters();
    List<@Nullable String> names = new ArrayList<>();
    requests.forEach(r -> names.add(r.adapter()));
    boolean named = names.stream().anyMatch(n -> n != null);
    if (adapters == null) {
      if (named) {
        throw new IllegalArgumentException(
            "generate: a row names an adapter, but the generator knows none: give it the adapters"
                + " by with(adapters)");
      }
      return body.get();
    }
    if (!named) {
      return adapters.evaluating(() -> adapters.call(body));
    }
    List<String> each = new ArrayList<>();
    for (String n : names) {
      each.add(n == null ? AdapterSet.BASE : n);
    }
    if (each.stream().distinct().count() == 1) {
      List<String> one = each.getFirst().equals(AdapterSet.BASE) ? List.of() : each.subList(0, 1);
      return adapters.evaluating(() -> adapters.with(one, body));
    }
    return adapters.evaluating(() -> adapters.perSample(Generator.repeated(each, copies), body));
  }

  private int longest() {
    return requests.stream().mapToInt(r -> r.prompt().length).max().orElse(0);
  }

  private TokenHistory history(GenerationRequest request) {
    int[] prompt = request.prompt();
    int padding = longest() - prompt.length;
    int[] padded = new int[longest()];
    Integer pad = request.config().padTokenId();
    Arrays.fill(padded, 0, padding, pad == null ? 0 : pad);
    System.arraycopy(prompt, 0, padded, padding, prompt.length);
    return new TokenHistory(padded, padding);
  }

  /** The length at which a row ends, padding included. */
  private int maxLength(GenerationRequest request) {
    int positions = Math.max(model.positions(), generator.contextLength());
    int length = request.config().maxLength(longest(), positions);
    if (length <= longest()) {
      throw new IllegalArgumentException(
          "generate: the longest prompt has "
              + longest()
              + " tokens, and max_length is "
              + length
              + ": there is no room for a new token; set max_new_tokens");
    }
    int padding = longest() - request.prompt().length;
    return model.bounded() ? Math.min(length, model.positions() + padding) : length;
  }

  private KeyValueCache cache(int rows) {
    int most = requests.stream().mapToInt(this::maxLength).max().orElse(1);
    return new KeyValueCache(rows, most);
  }

  private long seed() {
    Long seed = config.seed();
    return seed == null ? Rng.mix(System.nanoTime()) : seed;
  }

  private List<Generated> sample(int copies) {
    List<GenerationRequest> all = Generator.repeated(requests, copies);
    Deadline deadline = Deadline.in(config.find(Settings.MAX_TIME));
    long drawn = seed();
    List<RowState> rows = new ArrayList<>();
    for (int b = 0; b < all.size(); b++) {
      GenerationRequest r = all.get(b);
      Long own = r.config().seed();
      Sampler sampler =
          r.config().doSample()
              ? Sampler.multinomial(own == null ? drawn : own, b)
              : Sampler.GREEDY;
      TokenHistory history = history(r);
      rows.add(new RowState(b, history, maxLength(r), r.config(), sampler, generator.tokenizer()));
    }
    CachedDecoder decoder;
    int[][] prompts = all.stream().map(GenerationRequest::prompt).toArray(int[][]::new);
    boolean cached = all.stream().allMatch(r -> r.config().get(Settings.USE_CACHE));
    if (session == null || all.size() > 1 || !cached) {
      decoder = new CachedDecoder(model, cache(all.size()));
    } else {
      decoder = session.decoder(all.getFirst(), maxLength(all.getFirst()));
      prompts[0] = session.missing(prompts[0]);
    }
    Integer lookup = config.find(Settings.PROMPT_LOOKUP);
    if (lookup != null && rows.size() == 1) {
      RowState row = rows.getFirst();
      new PromptLookup(
              decoder, row, listener, deadline, lookup, config.get(Settings.MATCHING_NGRAM))
          .run(prompts[0], maxLength(all.getFirst()) - longest());
    } else {
      new SampleLoop(decoder, rows, listener, deadline, cached).run(prompts);
    }
    return IntStream.range(0, rows.size()).mapToObj(b -> rows.get(b).result(b / copies)).toList();
  }

  private List<Generated> beams() {
    int beams = config.numBeams();
    int maxLength = maxLength(requests.getFirst());
    List<Integer> eos = config.eosTokenIds();
    List<TokenHistory> prompts = requests.stream().map(this::history).toList();
    List<List<LogitsProcessor>> processors = new ArrayList<>();
    int keep = eos.isEmpty() ? 2 : eos.size() + 1;
    for (TokenHistory h : prompts) {
      List<Integer> ids = Arrays.stream(h.toArray()).boxed().toList();
      processors.add(
          LogitsProcessors.of(
              config,
              new LogitsProcessorKind.Row(ids, maxLength, eos, keep, generator.tokenizer())));
    }
    BeamSearch.Rules rules =
        new BeamSearch.Rules(
            beams,
            config.numReturnSequences(),
            config.get(Settings.LENGTH_PENALTY),
            config.get(Settings.EARLY_STOPPING),
            maxLength,
            eos.size());
    Rng rng = config.doSample() ? new Rng(seed()) : null;
    Predicate<TokenHistory> complete = h -> processors.getFirst().stream().anyMatch(p -> p.ends(h));
    Predicate<TokenHistory> ends =
        h -> eos.contains(h.get(h.length() - 1)) || stopsByText(h) || complete.test(h);
    BeamSearch search = new BeamSearch(rules, prompts, processors, ends, rng, listener);
    Deadline deadline = Deadline.in(config.find(Settings.MAX_TIME));
    boolean ownAdapters = requests.stream().anyMatch(r -> r.adapter() != null);
    // with adapters by row the rows are those of the beams from the beginning
    List<GenerationRequest> fed = ownAdapters ? Generator.repeated(requests, beams) : requests;
    CachedDecoder prefill = new CachedDecoder(model, cache(fed.size()));
    float[][] first =
        prefill.next(fed.stream().map(GenerationRequest::prompt).toArray(int[][]::new));
    CachedDecoder decoder = prefill;
    if (ownAdapters) {
      float[][] each = first;
      first =
          IntStream.range(0, requests.size())
              .mapToObj(p -> each[p * beams])
              .toArray(float[][]::new);
    } else {
      int[] from = IntStream.range(0, requests.size() * beams).map(i -> i / beams).toArray();
      decoder = prefill.select(from);
    }
    search.run(decoder, first, deadline);
    return results(search, eos, complete, maxLength);
  }

  private List<Generated> results(
      BeamSearch search, List<Integer> eos, Predicate<TokenHistory> complete, int maxLength) {
    List<Generated> all = new ArrayList<>();
    List<List<BeamSearch.Scored>> results = search.results();
    for (int p = 0; p < results.size(); p++) {
      for (BeamSearch.Scored s : results.get(p)) {
        int[] tokens = s.history().toNewTokens();
        FinishReason reason =
            eos.contains(tokens[tokens.length - 1])
                ? FinishReason.EOS
                : complete.test(s.history())
                    ? FinishReason.COMPLETE
                    : s.history().length() >= maxLength
                        ? FinishReason.LENGTH
                        : stopsByText(s.history())
                            ? FinishReason.STOP_STRING
                            : listener.cancelled() ? FinishReason.CANCELLED : FinishReason.TIME;
        all.add(new Generated(p, tokens, text(tokens), reason, s.score()));
      }
    }
    return all;
  }

  private boolean stopsByText(TokenHistory history) {
    if (config.stopStrings().isEmpty()) {
      return false;
    }
    String text = decode(history.toNewTokens());
    return config.stopStrings().stream().anyMatch(text::contains);
  }

  private String text(int[] tokens) {
    String text = decode(tokens);
    int end = text.length();
    for (String stop : config.stopStrings()) {
      int at = text.indexOf(stop);
      end = at >= 0 ? Math.min(end, at) : end;
    }
    return text.substring(0, end);
  }

  private String decode(int[] tokens) {
    Tokenizer t = generator.tokenizer();
    if (t != null && config.find(Constrained.CONSTRAINT) != null) {
      t = t.withoutCleanUp();
    }
    return t == null ? "" : t.decode(Arrays.stream(tokens).asLongStream().toArray());
  }
}
