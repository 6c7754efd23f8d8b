package dev.peft4j.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Repeatable;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A request for a subclass of the annotated model that carries an adapter: {@code @Peft(target =
 * "linear", r = 1, alpha = 4)} on {@code BaseModel} generates {@code BaseModelPeft}.
 *
 * <p>The generated class mirrors every constructor of the model that is not private, freezes every
 * parameter of the model and attaches the adapter to the layers that {@link #target()} names;
 * {@code BaseModelPeft.adapt(existing)} does the same to an existing model. For a nested model
 * {@code Outer.Inner} the class is called {@code Outer_InnerPeft}. The annotation can be repeated
 * for several named adapters; the first is active. A local class cannot be annotated: compilers do
 * not show those to processors.
 *
 * <p>Layers are named by their paths in checkpoints, {@code layers.0.attn.q_proj} for {@code
 * model.layers.get(0).attn.qProj}: fields joined by dots, indices for lists, keys for maps ({@link
 * dev.peft4j.target.Names}). The rules of matching are peft's ({@link
 * dev.peft4j.target.TargetMatcher}). The members mean what the fields of peft's {@code LoraConfig}
 * mean and have its defaults. Other tuners have annotations of their own, which are read by the
 * same rules ({@link TunerDescriptor}). With {@code tuner = "IA3"} this one is the same as
 * {@code @Ia3}; then a member that {@code @Ia3} does not have is an error.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target(ElementType.TYPE)
@Repeatable(Peft.List.class)
@TunerDescriptor(
    peftType = "LORA",
    title = "LoRA",
    configName = "dev.peft4j.tuner.lora.LoraConfig",
    others = "dev.peft4j.tuner.ia3.Ia3")
public @interface Peft {

  /**
   * The layers that get an adapter; peft's {@code target_modules}. Each entry is a layer's path or
   * the end of a path after a dot: {@code "q_proj"} names every {@code q_proj}, {@code
   * "layers.0.attn.q_proj"} just that one. As the only entry, {@code "all-linear"} names every
   * {@code Linear} and {@code TransposedLinear} (except an {@link OutputHead}), and {@code
   * "regex:..."} is the same as {@link #targetRegex()}. An entry that names no layer is an error.
   *
   * @return paths, ends of paths, {@code all-linear} or {@code regex:...}
   */
  String[] target() default {};

  /**
   * The layers that get an adapter, as a regular expression (by the rules of Python's {@code re},
   * which decide in peft) for the whole path; instead of {@link #target()}.
   *
   * @return a regular expression, or nothing
   */
  String targetRegex() default "";

  /**
   * Layers that get no adapter although they are targeted; peft's {@code exclude_modules} as a
   * list: paths or ends of paths. It names layers, not the modules in them: for those use {@link
   * #excludeRegex()}.
   *
   * @return paths or ends of paths
   */
  String[] exclude() default {};

  /**
   * The layers to exclude, as a regular expression for the whole path.
   *
   * @return a regular expression, or nothing
   */
  String excludeRegex() default "";

  /**
   * The adapter's rank.
   *
   * @return at least 1
   */
  @Setting(
      description = "Rank of the adapter.",
      min = 1,
      evenWith = "init=ORTHOGONAL",
      option = "rank")
  int r() default 8;

  /**
   * The adapter's scale: its output is multiplied by alpha / r.
   *
   * @return greater than 0
   */
  @Setting(
      description = "Scale of the adapter: it is multiplied by alpha / rank.",
      key = "lora_alpha",
      above = 0)
  double alpha() default 8;

  /**
   * The probability with which an element of an adapter's input is dropped in training.
   *
   * @return at least 0, less than 1
   */
  @Setting(
      description = "Probability with which an element of the input is dropped in training.",
      key = "lora_dropout",
      min = 0,
      below = 1)
  double dropout() default 0;

  /**
   * The biases of the base model that are trained, too.
   *
   * @return none by default
   */
  @Setting(description = "Biases of the base model that are trained.")
  Bias bias() default Bias.NONE;

  /**
   * Whether the scale is alpha / √r.
   *
   * @return false by default
   */
  @Setting(description = "Scales by alpha / sqrt(rank).", key = "use_rslora")
  boolean rslora() default false;

  /**
   * Whether the direction and the magnitude of the weights are trained separately (DoRA); peft's
   * {@code use_dora}.
   *
   * @return false by default
   */
  @Setting(
      description = "Trains direction and magnitude of the weights apart (DoRA).",
      key = "use_dora")
  boolean dora() default false;

  /**
   * Whether the adapter's second matrix has a bias; peft's {@code lora_bias}. It needs the {@link
   * #init()} {@code DEFAULT} or {@code RANDOM} and excludes {@link #dora()}.
   *
   * @return false by default
   */
  @Setting(
      description = "Gives the second matrix a bias.",
      goesWith = {"dora=false", "init=DEFAULT|RANDOM"})
  boolean loraBias() default false;

  /**
   * The initial values of the adapter's weights.
   *
   * @return peft's default by default
   */
  @Setting(description = "Initial values of the adapter.", key = "init_lora_weights")
  Init init() default Init.DEFAULT;

  /**
   * With {@code init = PISSA}: the number of iterations of an approximate decomposition of the
   * weights; peft's {@code pissa_niter_N}.
   *
   * @return at least 0; -1, the default, decomposes exactly
   */
  @Setting(
      description = "Iterations of an approximate PiSSA; -1 is exact.",
      key = "init_lora_weights",
      min = 0,
      goesWith = "init=PISSA",
      setter = "pissa")
  int pissaIterations() default -1;

  /**
   * Modules that are trained in full and saved with the adapter, such as a new head: paths or ends
   * of paths. The task types {@code SEQ_CLS} and {@code TOKEN_CLS} add {@code classifier} and
   * {@code score}, as peft does.
   *
   * @return paths or ends of paths
   */
  String[] modulesToSave() default {};

  /**
   * Rows of embeddings that are trained, too; peft's {@code trainable_token_indices}. Such an
   * embedding is not a target.
   *
   * @return one entry for each embedding
   */
  @Setting(description = "Rows of embeddings that are trained.", key = "trainable_token_indices")
  TrainableTokens[] trainableTokens() default {};

  /**
   * Whether layers that share one weight, as an embedding and the head often do, share one adapter,
   * whichever of them is targeted. peft's default is false: then each layer gets an adapter of its
   * own, and these cannot be merged into the shared weight.
   *
   * @return true by default
   */
  @Setting(description = "Lets layers that share one weight share one adapter.")
  boolean ensureWeightTying() default true;

  /**
   * Ranks for some of the layers.
   *
   * @return the first that fits a layer counts
   */
  @Setting(description = "Ranks of some of the layers.")
  RankPattern[] rankPattern() default {};

  /**
   * Alphas for some of the layers.
   *
   * @return the first that fits a layer counts
   */
  @Setting(description = "Alphas of some of the layers.")
  AlphaPattern[] alphaPattern() default {};

  /**
   * KaSA: a trained vector between A and B, and a weight without its smallest singular values;
   * {@code kasa = @Kasa}. An adapter is of one such kind at most.
   *
   * @return one at most
   */
  @Setting(
      description = "KaSA: a vector between the matrices.",
      key = "kasa_config",
      goesWith = {"dora=false", "loraBias=false"})
  Kasa[] kasa() default {};

  /**
   * Block-diagonal LoRA.
   *
   * @return one at most
   */
  @Setting(
      description = "BD-LoRA: matrices of blocks.",
      key = "use_bdlora",
      option = "bdlora",
      goesWith = "dora=false")
  BlockDiagonal[] blockDiagonal() default {};

  /**
   * VeLoRA: the first matrix learns from projections of the input.
   *
   * @return one at most
   */
  @Setting(
      description = "VeLoRA: gradients from projections of the input.",
      key = "velora_config",
      goesWith = {"dora=false", "loraBias=false"})
  Velora[] velora() default {};

  /**
   * MonteCLoRA: the first matrix is disturbed in training.
   *
   * @return one at most
   */
  @Setting(
      description = "MonteCLoRA: the first matrix is disturbed in training.",
      key = "monteclora_config",
      goesWith = {"dora=false", "loraBias=false"})
  MonteClora[] monteClora() default {};

  /**
   * Activated LoRA (aLoRA): ids of the tokens from whose last place in a text on the adapter acts;
   * peft's {@code alora_invocation_tokens}.
   *
   * @return ids; none for an adapter that acts everywhere
   */
  @Setting(
      description = "aLoRA: ids of the tokens from which on the adapter acts.",
      key = "alora_invocation_tokens",
      min = 0,
      goesWith = {"dora=false", "loraBias=false"})
  int[] invocationTokens() default {};

  /**
   * The start EVA, from the inputs of the layers.
   *
   * @return one at most
   */
  @Setting(
      description = "EVA: starts from the inputs of the layers.",
      key = "eva_config",
      goesWith = "init=DEFAULT|EVA")
  Eva[] eva() default {};

  /**
   * The start CorDA, from the directions of the weights that inputs choose.
   *
   * @return one at most
   */
  @Setting(
      description = "CorDA: starts from the directions of the weights that inputs choose.",
      key = "corda_config",
      goesWith = "init=DEFAULT|CORDA")
  Corda[] corda() default {};

  /**
   * The start LoRA-GA, from the gradients of the weights.
   *
   * @return one at most
   */
  @Setting(
      description = "LoRA-GA: starts from the gradients of the weights.",
      key = "lora_ga_config",
      goesWith = "init=DEFAULT|LORA_GA")
  LoraGa[] loraGa() default {};

  /**
   * The start LoftQ: weights in codes, and an adapter that makes up for what they lose.
   *
   * @return one at most
   */
  @Setting(
      description = "LoftQ: starts from what quantized weights lose.",
      key = "loftq_config",
      goesWith = "init=DEFAULT|LOFTQ")
  Loftq[] loftq() default {};

  /**
   * Bare parameters of two or three dimensions, such as the weights of experts, that get adapters
   * besides the {@link #target()}, which then may be left out; peft's {@code target_parameters}.
   *
   * @return paths or ends of paths of parameters, {@code "experts.up"}
   */
  @Setting(
      description = "Bare parameters that get adapters besides the targets.",
      names = Setting.Names.PARAMETERS)
  String[] targetParameters() default {};

  /**
   * The blocks that the model is to consist of: {@code {@BlockRange(from = 0, to =
   * 2), @BlockRange(from = 1, to = 2)}} makes one of three out of two, the last of which shares its
   * weights with the second and has an adapter of its own. The model implements {@code
   * nn.BlockStack}.
   *
   * @return ranges; none leaves the model as it is
   */
  @Setting(description = "Ranges of blocks that the model is to consist of.")
  BlockRange[] layerReplication() default {};

  /**
   * The indices in the model's list of layers that get the adapter; peft's {@code
   * layers_to_transform}. Entries of {@link #target()} that are whole paths ignore it. Without
   * {@link #layersPattern()} the list has to be inside another module: {@code
   * model.layers.1.q_proj}.
   *
   * @return indices from 0 on; none means all
   */
  int[] layers() default {};

  /**
   * The name of the list that {@link #layers()} counts in, such as {@code "layers"}.
   *
   * @return names or regular expressions
   */
  String[] layersPattern() default {};

  /**
   * The adapter's name.
   *
   * @return {@code default} by default; no dots, no slashes
   */
  String adapter() default "default";

  /**
   * The kind of adapter, peft's {@code peft_type}: {@code LORA}, or {@code IA3}, which multiplies
   * what a layer computes by a trained vector. The adapters of one model are of one kind.
   *
   * <p>IA3 has {@link #target()}, {@link #targetRegex()}, {@link #exclude()}, {@link
   * #excludeRegex()}, {@link #feedforward()}, {@link #feedforwardRegex()}, {@link #init()} ({@code
   * DEFAULT} and {@code RANDOM}), {@link #modulesToSave()}, {@link #adapter()}, {@link #taskType()}
   * and {@link #className()}, and adapts {@code Linear}, {@code TransposedLinear} and {@code
   * Conv2d}.
   *
   * @return {@code LORA} by default
   */
  String tuner() default "LORA";

  /**
   * With {@code tuner = "IA3"}: the targets that are feed-forward, so that their inputs are
   * multiplied instead of their results; peft's {@code feedforward_modules}. Each entry is an entry
   * of {@link #target()}, where that is a list, and means every target whose path ends with it; as
   * the only entry {@code "regex:..."} is the same as {@link #feedforwardRegex()}.
   *
   * @return entries of {@link #target()}, or {@code regex:...}
   */
  @Setting(tuner = "IA3")
  String[] feedforward() default {};

  /**
   * The feed-forward targets, as a regular expression for the whole path; instead of {@link
   * #feedforward()}.
   *
   * @return a regular expression, or nothing
   */
  @Setting(tuner = "IA3")
  String feedforwardRegex() default "";

  /**
   * The task of the model, as peft writes it: {@code SEQ_CLS}, {@code TOKEN_CLS}, {@code
   * CAUSAL_LM}, {@code SEQ_2_SEQ_LM}, {@code QUESTION_ANS} or {@code FEATURE_EXTRACTION}.
   *
   * @return a task type, or nothing
   */
  String taskType() default "";

  /**
   * The simple name of the generated class.
   *
   * @return nothing for the model's name and {@code Peft}
   */
  String className() default "";

  /** Several adapters on one model; the compiler writes it. */
  @Documented
  @Retention(RetentionPolicy.CLASS)
  @Target(ElementType.TYPE)
  @interface List {
    /**
     * The adapters.
     *
     * @return in the order written
     */
    Peft[] value();
  }
}
