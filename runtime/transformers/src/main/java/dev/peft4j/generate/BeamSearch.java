package dev.peft4j.generate;

import dev.peft4j.data.Rng;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Beam search as transformers does it: the best running sequences of each prompt go on together,
 * those that end are kept with their score over length to a power, and all prompts stop together.
 * Scores are float32, since the rule works with numbers that are far apart.
 */
final class BeamSearch {
  /** What makes a score worse than any other. */
  private static final float OUT = -1e9f;

  /** How it goes. */
  record Rules(
      int beams, int returned, double lengthPenalty, EarlyStopping early, int maxLength, int eos) {}

  /** A running sequence: its tokens, its log-probability, and the row that it goes on from. */
  private record Running(TokenHistory history, float score, int row, boolean ends) {}

  /** A sequence that has ended; {@code done} is false for a place that is free. */
  private record Ended(@Nullable TokenHistory history, float score, boolean done) {}

  private final Rules rules;
  private final List<List<LogitsProcessor>> processors;
  private final Predicate<TokenHistory> stops;
  private final @Nullable Rng rng;
  private final GenerationListener listener;
  private final List<List<Running>> running = new ArrayList<>();
  private final List<List<Ended>> ended = new ArrayList<>();
  private final boolean[] improvable;
  private final int promptLength;

  /**
   * Prepares a call.
   *
   * @param prompts with padding
   * @param processors for each prompt
   * @param stops whether a sequence ends with its last token
   * @param rng samples the sequences that go on; null takes the best
   */
  BeamSearch(
      Rules rules,
      List<TokenHistory> prompts,
      List<List<LogitsProcessor>> processors,
      Predicate<TokenHistory> stops,
      @Nullable Rng rng,
      GenerationListener listener) {
    this.rules = rules;
    this.processors = processors;
    this.stops = stops;
    this.rng = rng;
    this.listener = listener;
    this.improvable = new boolean[prompts.size()];
    Arrays.fill(improvable, true);
    this.promptLength = prompts.getFirst().length();
    for (int p = 0; p < prompts.size(); p++) {
      List<Running> beams = new ArrayList<>();
      for (int k = 0; k < rules.beams; k++) {
        beams.add(new Running(prompts.get(p).copy(), k == 0 ? 0 : OUT, p * rules.beams + k, false));
      }
      running.add(beams);
      ended.add(new ArrayList<>());
      for (int k = 0; k < rules.beams; k++) {
        ended.get(p).add(new Ended(null, OUT, false));
      }
    }
  }

  /**
   * Runs until nothing can become better.
   *
   * @param decoder whose cache has all prompts, each once for every beam
   * @param first scores after each prompt
   */
  void run(CachedDecoder decoder, float[][] first, Deadline deadline) {
    int beams = rules.beams;
    float[][] scores = new float[running.size() * beams][];
    Arrays.setAll(scores, i -> first[i / beams].clone());
    while (step(scores) && !deadline.passed() && !listener.cancelled()) {
      int[] from = new int[scores.length];
      int[][] next = new int[scores.length][];
      for (int p = 0; p < running.size(); p++) {
        for (int k = 0; k < beams; k++) {
          Running r = running.get(p).get(k);
          from[p * beams + k] = r.row;
          next[p * beams + k] = new int[] {r.history.get(r.history.length() - 1)};
        }
      }
      decoder.reorder(from);
      scores = decoder.next(next);
    }
  }

  /** Chooses the next token of all beams; returns false if it was the last step. */
  private boolean step(float[][] scores) {
    boolean open = false; // some candidate goes on
    boolean full = true; // all places have a sequence that has ended
    int length = 0;
    for (int p = 0; p < running.size(); p++) {
      List<Running> candidates = candidates(p, scores);
      open |= candidates.stream().anyMatch(c -> !c.ends);
      length = candidates.getFirst().history.length();
      finish(p, candidates, length);
      running.set(p, goOn(candidates));
      full &= ended.get(p).stream().allMatch(Ended::done);
    }
    boolean better = false;
    for (int p = 0; p < running.size(); p++) {
      improvable[p] &= canImprove(p, length);
      better |= improvable[p];
    }
    return open && better && !(full && rules.early == EarlyStopping.TRUE);
  }

  /** The best continuations of a prompt's beams, the best first. */
  private List<Running> candidates(int prompt, float[][] scores) {
    int beams = rules.beams;
    int vocabulary = scores[0].length;
    float[] all = new float[beams * vocabulary];
    for (int k = 0; k < beams; k++) {
      float[] s = scores[prompt * beams + k];
      Running r = running.get(prompt).get(k);
      float[] logits = listener.wantsScores() ? s.clone() : s;
      Scores.logSoftmax(s);
      for (LogitsProcessor processor : processors.get(prompt)) {
        processor.process(s, r.history);
      }
      if (listener.wantsScores()) {
        listener.onScores(prompt * beams + k, logits, s);
      }
      for (int i = 0; i < vocabulary; i++) {
        all[k * vocabulary + i] = s[i] + r.score;
      }
    }
    List<Running> best = new ArrayList<>();
    for (int i : chosen(all, Math.max(2, 1 + rules.eos) * beams)) {
      Running r = running.get(prompt).get(i / vocabulary);
      TokenHistory h = r.history.copy();
      h.add(i % vocabulary);
      boolean ends = h.length() >= rules.maxLength || stops.test(h);
      best.add(new Running(h, all[i], prompt * beams + i / vocabulary, ends));
    }
    return best;
  }

  private int[] chosen(float[] scores, int count) {
    float[] keys = scores;
    if (rng != null) { // Gumbel noise: the largest are drawn without replacement
      keys = new float[scores.length];
      for (int i = 0; i < keys.length; i++) {
        keys[i] = (float) (scores[i] - Math.log(-Math.log(Math.max(rng.nextDouble(), 1e-300))));
      }
    }
    return top(keys, count);
  }

  /** Returns the positions of the largest numbers, the largest first, the first of equal ones. */
  private static int[] top(float[] keys, int count) {
    float least = Scores.largest(keys, count);
    int[] positions = new int[keys.length];
    int n = 0;
    for (int i = 0; i < keys.length; i++) {
      if (keys[i] >= least || Float.isNaN(keys[i])) {
        positions[n++] = i;
      }
    }
    float[] negated = new float[keys.length];
    for (int i = 0; i < n; i++) {
      negated[positions[i]] = -keys[positions[i]];
    }
    return Arrays.copyOf(Scores.sorted(negated, positions, n), Math.min(count, n));
  }

  /** Takes what ends, among the best, into the places of ended sequences. */
  private void finish(int prompt, List<Running> candidates, int length) {
    List<Ended> places = ended.get(prompt);
    boolean closed = rules.early == EarlyStopping.TRUE && places.stream().allMatch(Ended::done);
    float divisor = (float) Math.pow(length - promptLength, rules.lengthPenalty);
    List<Ended> all = new ArrayList<>(places);
    for (int i = 0; i < candidates.size(); i++) {
      Running c = candidates.get(i);
      boolean counts = c.ends && i < rules.beams;
      float score = c.score / divisor;
      score += closed ? OUT : 0;
      score += improvable[prompt] ? 0 : OUT;
      score += counts ? 0 : OUT;
      all.add(new Ended(c.history, score, counts));
    }
    List<Ended> best = new ArrayList<>();
    for (int i : top(scores(all.stream().map(Ended::score).toList()), rules.beams)) {
      best.add(all.get(i));
    }
    ended.set(prompt, best);
  }

  private List<Running> goOn(List<Running> candidates) {
    float[] keys = scores(candidates.stream().map(c -> c.score + (c.ends ? OUT : 0)).toList());
    List<Running> next = new ArrayList<>();
    for (int i : top(keys, rules.beams)) {
      Running c = candidates.get(i);
      next.add(new Running(c.history, keys[i], c.row, false));
    }
    return next;
  }

  private static float[] scores(List<Float> all) {
    float[] out = new float[all.size()];
    for (int i = 0; i < out.length; i++) {
      out[i] = all.get(i);
    }
    return out;
  }

  private boolean canImprove(int prompt, int length) {
    int best =
        rules.early == EarlyStopping.NEVER && rules.lengthPenalty > 0
            ? rules.maxLength - promptLength
            : length - promptLength;
    float possible =
        running.get(prompt).getFirst().score / (float) Math.pow(best, rules.lengthPenalty);
    List<Ended> places = ended.get(prompt);
    float worst = Float.POSITIVE_INFINITY;
    for (Ended e : places) {
      worst = Math.min(worst, e.score);
    }
    for (Ended e : places) {
      if (possible > (e.done ? worst : OUT)) {
        return true;
      }
    }
    return false;
  }

  /** What there is at the end: for each prompt its sequences, the best first. */
  List<List<Scored>> results() {
    List<List<Scored>> all = new ArrayList<>();
    for (int p = 0; p < ended.size(); p++) {
      List<Scored> of = new ArrayList<>();
      for (Ended e : ended.get(p)) {
        if (e.done && of.size() < rules.returned) {
          of.add(new Scored(Objects.requireNonNull(e.history), e.score));
        }
      }
      for (Running r : running.get(p)) { // where the time was up before enough of them ended
        if (of.size() < rules.returned && r.score > OUT / 2) {
          float divisor = (float) Math.pow(r.history.newTokens(), rules.lengthPenalty);
          of.add(new Scored(r.history, r.score / divisor));
        }
      }
      all.add(of);
    }
    return all;
  }

  /** A sequence and its score. */
  record Scored(TokenHistory history, float score) {}
}
