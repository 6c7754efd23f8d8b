package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Bias;
import dev.peft4j.annotation.Init;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.LayeredConfigBuilder;
import dev.peft4j.tuner.PatternMap;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.tokens.TokenRows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Settings of {@link LoraTuner}: peft's {@code LoraConfig}.
 *
 * @param r the rank, at least 1
 * @param alpha the numerator of the scale alpha / r; positive, unless the settings come from a file
 * @param dropout probability that an element of the adapter's input is zeroed in training; in [0,
 *     1), or 1 if the settings come from a file
 * @param bias which biases of the base model are trained
 * @param rslora whether the scale is alpha / √r (Kalajdzievski 2023)
 * @param dora whether the update is split into direction and magnitude (Liu et al. 2024)
 * @param loraBias whether B has a bias; not with dora, and only with the starts DEFAULT and RANDOM
 * @param init how A and B start
 * @param pissaIterations with the start PISSA the iterations of an approximate decomposition
 *     (peft's {@code pissa_niter_N}), at least 0; -1 decomposes exactly
 * @param targets which layers get an adapter
 * @param rankPattern other ranks for layers whose path ends in a key (a regular expression)
 * @param alphaPattern other alphas, likewise
 * @param trainableTokens rows of embeddings that are trained besides: ids by the embedding's path
 *     or the end of it; the key {@link #INPUT_EMBEDDING} stands for the model's input embedding
 * @param fanInFanOut peft's note of how targeted weights are stored; the layers themselves know it,
 *     nothing depends on it
 * @param ensureWeightTying what becomes of layers that share one weight. Null (the default) lets
 *     them share one adapter wherever that is possible; false, peft's default, adapts just the
 *     layers that are targeted; true does as peft does then: an embedding and its head have an
 *     adapter each, of the same values but with gradients of their own, of which a step follows one
 *     after the other, and merging adds both to the one weight
 * @param variant another way to compute or to learn, or null for plain LoRA; not with dora
 * @param startSettings peft's settings of the starts EVA, CORDA and LORA_GA, as JSON, or null
 * @param targetParameters bare parameters of two or three dimensions that get adapters besides the
 *     targets: paths or ends of paths, such as {@code experts.up}
 * @param layerReplication ranges of blocks of the model that it is to consist of, before adapters
 *     are attached; empty to leave it as it is
 * @param taskType peft's task type, or null
 * @param baseModel name of the base model, or null
 */
public record LoraConfig(
    int r,
    double alpha,
    double dropout,
    Bias bias,
    boolean rslora,
    boolean dora,
    boolean loraBias,
    Init init,
    int pissaIterations,
    TargetSpec targets,
    SequencedMap<String, Integer> rankPattern,
    SequencedMap<String, Double> alphaPattern,
    SequencedMap<String, List<Integer>> trainableTokens,
    boolean fanInFanOut,
    @Nullable Boolean ensureWeightTying,
    @Nullable LoraVariant variant,
    @Nullable String startSettings,
    List<String> targetParameters,
    List<LayerRange> layerReplication,
    @Nullable String taskType,
    @Nullable String baseModel)
    implements PeftConfig {
  /** peft's name of the tuner. */
  public static final String PEFT_TYPE = "LORA";

  /** The key of {@link #trainableTokens()} that stands for the model's input embedding. */
  public static final String INPUT_EMBEDDING = "";

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting, what was found and what is allowed
   */
  public LoraConfig {
    LoraChecks.requireRanks(r, rankPattern);
    LoraChecks.requireAlphas(alpha, alphaPattern, targets.fromFile());
    LoraChecks.requireDropout(dropout, targets.fromFile());
    LoraChecks.requireTaskType(taskType);
    LoraChecks.requireStart(init, pissaIterations, loraBias, dora);
    if (variant != null && (dora || loraBias && !(variant instanceof LoraVariant.BlockDiagonal))) {
      throw new IllegalArgumentException(
          "the variant " + variant + " is not supported with dora or a bias of B");
    }
    targetParameters = List.copyOf(targetParameters);
    layerReplication = List.copyOf(layerReplication);
    trainableTokens.forEach(TokenRows::checkIds);
    rankPattern = PatternMap.of(rankPattern);
    alphaPattern = PatternMap.of(alphaPattern);
    SequencedMap<String, List<Integer>> tokens = new LinkedHashMap<>();
    trainableTokens.forEach((key, ids) -> tokens.put(key, List.copyOf(ids)));
    trainableTokens = Collections.unmodifiableSequencedMap(tokens);
  }

  /** Starts with peft's defaults: r 8, alpha 8, no dropout, no biases; targets must be given. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public LoraConfig withTargets(TargetSpec other) {
    return with(other, fanInFanOut, ensureWeightTying);
  }

  /** Returns the same settings with another note of how targeted weights are stored. */
  LoraConfig withFanInFanOut(boolean transposed) {
    return with(targets, transposed, ensureWeightTying);
  }

  /** Returns the same settings for layers that do share their adapters. */
  LoraConfig withWeightTying() {
    return with(targets, fanInFanOut, true);
  }

  private LoraConfig with(TargetSpec other, boolean transposed, @Nullable Boolean tying) {
    if (other == targets && transposed == fanInFanOut && Objects.equals(tying, ensureWeightTying)) {
      return this; // it is asked for once a layer
    }
    Builder b = new Builder(this).fanInFanOut(transposed);
    b.ensureWeightTying = tying;
    return b.targets(other).build();
  }

  /** Returns the same settings with other patterns. */
  LoraConfig withPatterns(
      SequencedMap<String, Integer> ranks, SequencedMap<String, Double> alphas) {
    Builder b = new Builder(this);
    b.rankPattern.clear();
    b.rankPattern.putAll(ranks);
    b.alphaPattern.clear();
    b.alphaPattern.putAll(alphas);
    return b.build();
  }

  /**
   * Returns whether settings are equal; those that leave {@link #ensureWeightTying()} open are
   * equal to those that say false, as files do.
   */
  @Override
  public boolean equals(@Nullable Object o) {
    return o instanceof LoraConfig c && closed().components().equals(c.closed().components());
  }

  @Override
  public int hashCode() {
    return closed().components().hashCode();
  }

  private LoraConfig closed() {
    return ensureWeightTying == null ? with(targets, fanInFanOut, false) : this;
  }

  private List<Object> components() {
    return Arrays.asList(
        r,
        alpha,
        dropout,
        bias,
        rslora,
        dora,
        loraBias,
        init,
        pissaIterations,
        targets,
        rankPattern,
        alphaPattern,
        trainableTokens,
        fanInFanOut,
        ensureWeightTying,
        variant,
        startSettings,
        targetParameters,
        layerReplication,
        taskType,
        baseModel);
  }

  /** Returns whether layers that share one weight have an adapter each, of the same values. */
  boolean hasTwins() {
    return Boolean.TRUE.equals(ensureWeightTying);
  }

  /** Returns the same settings for layers that share their adapters where that is possible. */
  LoraConfig withOpenTying() {
    return with(targets, fanInFanOut, null);
  }

  /** Returns whether layers that share one weight share one adapter where that is possible. */
  boolean tiesWeights() {
    return ensureWeightTying == null ? !dora && layerReplication.isEmpty() : ensureWeightTying;
  }

  /**
   * Returns settings of an adapter that is made of others: this one's, but for the rank, which is
   * its alpha, too.
   */
  LoraConfig combined(int rank, TargetSpec other) {
    Builder b = new Builder(this).r(rank).alpha(rank).init(Init.DEFAULT);
    b.pissaIterations = -1;
    b.targets(other);
    b.rankPattern.clear();
    b.alphaPattern.clear();
    return b.build();
  }

  /** Returns whether the adapter starts as a part of the weight, which is taken off the weight. */
  boolean startsFromWeight() {
    return init == Init.PISSA || init == Init.OLORA;
  }

  /** Returns the same settings with a start that data has decided. */
  LoraConfig started(Init start, String settings) {
    Builder b = new Builder(this).init(start).startSettings(settings);
    b.pissaIterations = -1;
    return b.build();
  }

  /** Returns the settings of an adapter of twice the rank, whose start is none of its own. */
  LoraConfig doubled(double moreAlpha) {
    Builder b = new Builder(this).r(2 * r).alpha(moreAlpha * alpha).init(Init.DEFAULT);
    b.pissaIterations = -1;
    return b.startSettings(null).build();
  }

  /** Returns the alpha of the layer at {@code path}. */
  public double alphaOf(String path) {
    return PatternMap.of(alphaPattern).valueFor(path, alpha);
  }

  /** Returns the rank of the layer at {@code path}. */
  public int rankOf(String path) {
    return PatternMap.of(rankPattern).valueFor(path, r);
  }

  /** Returns the scale of the layer at {@code path}: alpha / r, or alpha / √r with rslora. */
  public double scaleOf(String path) {
    double a = PatternMap.of(alphaPattern).valueFor(path, alpha);
    int rank = rankOf(path);
    return rslora ? a / Math.sqrt(rank) : a / rank;
  }

  /** A builder of a {@link LoraConfig}; lists add up when a method is called again. */
  public static final class Builder extends LayeredConfigBuilder<Builder> {
    private int r = 8;
    private double alpha = 8;
    private double dropout;
    private Bias bias = Bias.NONE;
    private boolean rslora;
    private boolean dora;
    private boolean loraBias;
    private Init init = Init.DEFAULT;
    private int pissaIterations = -1;
    private final SequencedMap<String, Integer> rankPattern = new LinkedHashMap<>();
    private final SequencedMap<String, Double> alphaPattern = new LinkedHashMap<>();
    private final SequencedMap<String, List<Integer>> trainableTokens = new LinkedHashMap<>();
    private boolean fanInFanOut;
    private @Nullable Boolean ensureWeightTying;
    private @Nullable LoraVariant variant;
    private @Nullable String startSettings;
    private final List<String> targetParameters = new ArrayList<>();
    private final List<LayerRange> layerReplication = new ArrayList<>();

    private Builder() {}

    private Builder(LoraConfig c) {
      r = c.r;
      alpha = c.alpha;
      dropout = c.dropout;
      bias = c.bias;
      rslora = c.rslora;
      dora = c.dora;
      loraBias = c.loraBias;
      init = c.init;
      pissaIterations = c.pissaIterations;
      rankPattern.putAll(c.rankPattern);
      alphaPattern.putAll(c.alphaPattern);
      trainableTokens.putAll(c.trainableTokens);
      fanInFanOut = c.fanInFanOut;
      ensureWeightTying = c.ensureWeightTying;
      variant = c.variant;
      startSettings = c.startSettings;
      targetParameters.addAll(c.targetParameters);
      layerReplication.addAll(c.layerReplication);
      targets(c.targets).taskType(c.taskType).baseModel(c.baseModel);
    }

    /** Sets the rank; at least 1. */
    public Builder r(int value) {
      r = value;
      return this;
    }

    /** Sets the numerator of the scale; positive. */
    public Builder alpha(double value) {
      alpha = value;
      return this;
    }

    /** Sets the dropout of the adapter's input; in [0, 1). */
    public Builder dropout(double value) {
      dropout = value;
      return this;
    }

    /** Sets which biases of the base model are trained. */
    public Builder bias(Bias value) {
      bias = value;
      return this;
    }

    /** Sets whether the scale is alpha / √r. */
    public Builder rslora(boolean value) {
      rslora = value;
      return this;
    }

    /** Sets whether direction and magnitude of the weights are trained apart (DoRA). */
    public Builder dora(boolean value) {
      dora = value;
      return this;
    }

    /** Sets whether B has a bias. */
    public Builder loraBias(boolean value) {
      loraBias = value;
      return this;
    }

    /** Sets how A and B start. */
    public Builder init(Init value) {
      init = value;
      return this;
    }

    /**
     * Starts from an approximate decomposition of the weight (PiSSA), found in so many iterations;
     * at least 0.
     */
    public Builder pissa(int iterations) {
      init = Init.PISSA;
      pissaIterations = iterations;
      return this;
    }

    /**
     * Adds rows of the embedding at {@code embedding}, a path or the end of one, that are trained
     * besides.
     */
    public Builder trainableTokens(String embedding, int... ids) {
      trainableTokens.put(embedding, Arrays.stream(ids).boxed().toList());
      return this;
    }

    /** Adds rows of the model's input embedding that are trained besides. */
    public Builder trainableTokens(int... ids) {
      return trainableTokens(INPUT_EMBEDDING, ids);
    }

    /**
     * Sets peft's {@code fan_in_fan_out}; layers know it themselves, it is only written to files.
     */
    public Builder fanInFanOut(boolean value) {
      fanInFanOut = value;
      return this;
    }

    /**
     * Sets what becomes of layers that share one weight; see {@link
     * LoraConfig#ensureWeightTying()}.
     */
    public Builder ensureWeightTying(boolean value) {
      ensureWeightTying = value;
      return this;
    }

    /** Sets another way to compute or to learn, see {@link LoraVariant}; null for plain LoRA. */
    public Builder variant(@Nullable LoraVariant value) {
      variant = value;
      return this;
    }

    /** Asks for {@link LoraVariant.Kasa}. */
    public Builder kasa(double beta, double gamma) {
      return only(new LoraVariant.Kasa(beta, gamma));
    }

    /** Asks for {@link LoraVariant.BlockDiagonal}. */
    public Builder blockDiagonal(List<String> ofA, List<String> ofB, int blocks, boolean strict) {
      return only(new LoraVariant.BlockDiagonal(ofA, ofB, blocks, strict));
    }

    /**
     * Asks for {@link LoraVariant.Velora}.
     *
     * @param direction peft's name of a direction, {@code batch_average} for example
     */
    public Builder velora(int groups, double scale, String direction) {
      return only(
          new LoraVariant.Velora(
              groups,
              scale,
              LoraVariant.Velora.Direction.valueOf(direction.toUpperCase(Locale.ROOT))));
    }

    /** Asks for {@link LoraVariant.MonteClora}. */
    public Builder monteClora(
        int samples,
        double scale,
        int bufferSize,
        double divergenceWeight,
        double dirichletPrior,
        boolean entropy) {
      return only(
          new LoraVariant.MonteClora(
              samples, scale, bufferSize, divergenceWeight, dirichletPrior, entropy));
    }

    /** Asks for {@link LoraVariant.Activated}, with the ids of its tokens. */
    public Builder invocationTokens(int... ids) {
      return only(new LoraVariant.Activated(Arrays.stream(ids).boxed().toList()));
    }

    private Builder only(LoraVariant value) {
      if (variant != null) {
        throw new IllegalArgumentException(
            "an adapter is of one variant, found " + variant + " and " + value);
      }
      variant = value;
      return this;
    }

    /** Asks for the start {@link Init#EVA} with its settings, see {@link LoraData#eva}. */
    public Builder eva(double rho, double tau, boolean whiten) {
      return startsWith(Init.EVA, StartSettings.eva(rho, tau, whiten));
    }

    /**
     * Asks for the start {@link Init#CORDA} with its settings.
     *
     * @param method peft's name of a {@link LoraData.CordaMethod}, {@code ipm} or {@code kpm}
     */
    public Builder corda(String method) {
      return startsWith(Init.CORDA, StartSettings.corda(method));
    }

    /**
     * Asks for the start {@link Init#LORA_GA} with its settings.
     *
     * @param direction peft's name of a {@link LoraData.GaDirection}
     * @param scale peft's name of a {@link LoraData.GaScale}
     */
    public Builder loraGa(String direction, String scale, double gamma) {
      return startsWith(Init.LORA_GA, StartSettings.loraGa(direction, scale, gamma));
    }

    /**
     * Asks for the start {@link Init#LOFTQ} with its settings, see {@link LoraData#loftq}.
     *
     * @param bits 4 or 8
     */
    public Builder loftq(int bits, int iterations) {
      if (bits != 4 && bits != 8) {
        throw new IllegalArgumentException("LoftQ: bits are " + bits + ", must be 4 or 8");
      }
      return startsWith(Init.LOFTQ, StartSettings.loftq(bits, iterations));
    }

    private Builder startsWith(Init start, String settings) {
      if (startSettings != null) {
        throw new IllegalArgumentException(
            "an adapter has one start, found " + init + " and " + start);
      }
      init = start;
      startSettings = settings;
      return this;
    }

    /** Sets peft's settings of a start that needs data, as JSON; they are kept in files. */
    public Builder startSettings(@Nullable String json) {
      startSettings = json;
      return this;
    }

    /**
     * Adds bare parameters of two or three dimensions that get adapters besides the targets: paths,
     * or ends of paths, of parameters such as {@code experts.up}.
     */
    public Builder targetParameters(String... names) {
      targetParameters.addAll(List.of(names));
      return this;
    }

    /**
     * Adds a range of blocks that the model is to consist of: blocks {@code from} to {@code to - 1}
     * come next. Blocks that come several times share their weights and get adapters of their own.
     */
    public Builder layerReplication(int from, int to) {
      layerReplication.add(new LayerRange(from, to));
      return this;
    }

    /** Sets another rank for layers whose path ends in {@code key}. */
    public Builder rankPattern(String key, int rank) {
      rankPattern.put(key, rank);
      return this;
    }

    /** Sets another alpha for layers whose path ends in {@code key}. */
    public Builder alphaPattern(String key, double value) {
      alphaPattern.put(key, value);
      return this;
    }

    @Override
    public LoraConfig build() {
      return new LoraConfig(
          r,
          alpha,
          dropout,
          bias,
          rslora,
          dora,
          loraBias,
          init,
          pissaIterations,
          spec(),
          rankPattern,
          alphaPattern,
          trainableTokens,
          fanInFanOut,
          ensureWeightTying,
          variant,
          startSettings,
          targetParameters,
          layerReplication,
          taskType(),
          baseModel());
    }
  }
}
