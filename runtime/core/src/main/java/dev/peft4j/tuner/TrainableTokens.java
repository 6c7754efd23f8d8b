package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.annotation.Bias;
import dev.peft4j.data.Rng;
import dev.peft4j.graph.Node;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.target.Names;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Trains a few rows of an embedding, peft's {@code TRAINABLE_TOKENS}: for k token ids a table (k,
 * dim) stands for the rows of those ids, in the embedding and in an output layer that holds the
 * same weight. {@link Lora} trains them beside its own layers with {@link
 * LoraConfig#trainableTokens()}.
 */
@AutoService(Tuner.class)
public final class TrainableTokens implements Tuner {
  /** peft's name. */
  public static final String PEFT_TYPE = "TRAINABLE_TOKENS";

  /**
   * peft's {@code TrainableTokensConfig}.
   *
   * @param tokens the ids of the rows; at least one, each once
   * @param initWeights whether the rows start as the embedding's; else they are drawn from N(0, 1)
   * @param targets the embeddings; with none it is the model's input embedding
   * @param taskType peft's task type, or null
   * @param baseModel name of the base model, or null
   */
  public record Config(
      List<Integer> tokens,
      boolean initWeights,
      TargetSpec targets,
      @Nullable String taskType,
      @Nullable String baseModel)
      implements PeftConfig {

    /**
     * Checks the ids.
     *
     * @throws IllegalArgumentException if there is none, one is negative or comes twice
     */
    public Config {
      checkIds("targets", tokens);
      tokens = List.copyOf(tokens);
    }

    /** Trains rows of the embeddings that {@code targets} names, which start as they are. */
    public static Config of(TargetSpec targets, int... ids) {
      return new Config(Arrays.stream(ids).boxed().toList(), true, targets, null, null);
    }

    @Override
    public String peftType() {
      return PEFT_TYPE;
    }

    @Override
    public Bias bias() {
      return Bias.NONE;
    }

    @Override
    public Config withTargets(TargetSpec other) {
      return new Config(tokens, initWeights, other, taskType, baseModel);
    }

    @Override
    public List<String> alsoTargets(Module root) {
      boolean named = !targets.targets().isEmpty() || targets.targetRegex() != null;
      return named ? List.of() : List.of(inputEmbedding(root));
    }

    /** None: peft's settings have no modules to save here. */
    @Override
    public List<String> allModulesToSave() {
      return List.of();
    }
  }

  /** For {@link java.util.ServiceLoader}. */
  public TrainableTokens() {}

  static void checkIds(String where, List<Integer> ids) {
    Set<Integer> seen = new HashSet<>();
    for (int id : ids) {
      if (id < 0 || !seen.add(id)) {
        throw new IllegalArgumentException(
            "trainable tokens of '"
                + where
                + "': "
                + id
                + (id < 0 ? " is negative" : " comes twice")
                + " in "
                + ids);
      }
    }
    if (ids.isEmpty()) {
      throw new IllegalArgumentException("trainable tokens of '" + where + "': there is no id");
    }
  }

  /**
   * The path of the layer called {@code embed_tokens}, else of the first embedding: what peft takes
   * unless told otherwise.
   */
  static String inputEmbedding(Module root) {
    List<NamedModule> embeddings =
        root.namedModules().stream().filter(m -> m.module() instanceof Embedding).toList();
    if (embeddings.isEmpty()) {
      throw new IllegalArgumentException(
          "trainable tokens: "
              + root.getClass().getSimpleName()
              + " has no embedding; name the layer that they are for");
    }
    return embeddings.stream()
        .map(NamedModule::name)
        .filter(n -> Names.names("embed_tokens", n))
        .findFirst()
        .orElse(embeddings.getFirst().name());
  }

  @Override
  public String peftType() {
    return PEFT_TYPE;
  }

  @Override
  public String layerType(Module layer) {
    return "TrainableTokensLayer";
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return List.of(Embedding.class, Linear.class);
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, PeftConfig config, Rng rng) {
    Config c = (Config) config;
    return rows(path, layer, c.tokens(), c.initWeights(), "", rng);
  }

  /**
   * @param prefix what peft's names have before the name of the rows: nothing, or a wrapper's name
   *     and a dot
   */
  static TunerLayer rows(
      String path, Module layer, List<Integer> tokens, boolean asTheyAre, String prefix, Rng rng) {
    Parameter weight = weight(layer);
    if (weight == null) {
      throw new IllegalArgumentException(
          "trainable tokens: '"
              + path
              + "' is a "
              + layer.getClass().getSimpleName()
              + ", they are for an Embedding, or a Linear whose outputs are tokens");
    }
    int dim = weight.dim(1);
    for (int id : tokens) {
      if (id >= weight.dim(0)) {
        throw new IllegalArgumentException(
            "trainable tokens: there is no token "
                + id
                + " in '"
                + path
                + "' of "
                + weight.dim(0)
                + " rows");
      }
    }
    int[] ids = tokens.stream().mapToInt(Integer::intValue).toArray();
    Parameter rows =
        asTheyAre
            ? new Parameter(
                weight.ownTensor().embedding(Tensor.of(ids)).toFloats(), ids.length, dim)
            : Initial.normal(rng, 1, ids.length, dim);
    return new Rows(layer, weight, rows, ids, prefix);
  }

  private static @Nullable Parameter weight(Module layer) {
    return switch (layer) {
      case Embedding e -> e.weight();
      case Linear l -> l.weight();
      default -> null;
    };
  }

  /** Rows that stand for those of a weight (n, dim). */
  private static final class Rows implements TunerLayer {
    private final Module layer;
    private final Parameter weight;
    private final Parameter rows;
    private final Tensor ids;
    private final Tensor idsAsFloats;
    private final Tensor replaced;
    private final String prefix;

    Rows(Module layer, Parameter weight, Parameter rows, int[] ids, String prefix) {
      this.layer = layer;
      this.weight = weight;
      this.rows = rows;
      this.prefix = prefix;
      this.ids = Tensor.of(ids);
      float[] mask = new float[weight.dim(0)];
      float[] floats = new float[ids.length];
      for (int i = 0; i < ids.length; i++) {
        mask[ids[i]] = 1;
        floats[i] = ids[i];
      }
      this.replaced = Tensor.of(mask);
      this.idsAsFloats = Tensor.of(floats);
    }

    @Override
    public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
      return layer instanceof Linear l ? outputs(l, x, base) : lookup(x, base);
    }

    /** x are ids: where one of the tokens is looked up its row stands for the result. */
    private Tensor lookup(Tensor x, UnaryOperator<Tensor> base) {
      int[] shape = Arrays.copyOf(x.shape().toArray(), x.shape().rank() + 1);
      shape[shape.length - 1] = 1;
      Tensor which = x.toFloat().reshape(shape).apply(Pointwise.EQUAL, idsAsFloats);
      Tensor own = which.linear(rows.transpose(0, 1), null);
      return base.apply(x).maskedFill(which.sumKeep(-1), 0).add(own);
    }

    /**
     * x are features (…, dim), of which the result has a logit a token: those of the tokens come
     * from their rows.
     */
    private Tensor outputs(Linear l, Tensor x, UnaryOperator<Tensor> base) {
      Tensor logits = x.reshape(-1, x.dim(-1)).linear(rows, null);
      Tensor y = base.apply(x).maskedFill(replaced, 0);
      y = y.add(scattered(logits.transpose(0, 1)).transpose(0, 1).reshape(y.shape().toArray()));
      Parameter bias = l.bias();
      return bias == null ? y : y.add(bias.mul(replaced));
    }

    /** (k, …) as rows of the tokens among as many rows of zeros as the weight has. */
    private Tensor scattered(Tensor values) {
      return Tensor.of(Node.of(new ScatterAdd(weight.dim(0)), values.node(), ids.node()));
    }

    @Override
    public List<Entry> parameters() {
      return List.of(new Entry(prefix + "trainable_tokens_delta", "", rows));
    }

    @Override
    public List<Part> parts() {
      String text = TunerLayer.text(rows);
      return List.of(
          new Part("trainable_tokens_delta", "ParameterDict", text),
          new Part("trainable_tokens_original", "BufferDict", text.replace("Parameter", "Buffer")));
    }

    @Override
    public Map<Parameter, Tensor> merged() {
      return Map.of(weight, weight.maskedFill(replaced.reshape(-1, 1), 0).add(scattered(rows)));
    }

    @Override
    public String baseName() {
      return prefix + "base_layer";
    }

    @Override
    public @Nullable String clash(TunerLayer other) {
      if (!(other instanceof Rows r)) {
        return null;
      }
      List<Integer> both = new ArrayList<>(Arrays.stream(ids.toInts()).boxed().toList());
      both.retainAll(Arrays.stream(r.ids.toInts()).boxed().toList());
      return both.isEmpty()
          ? null
          : "each has rows of its own for the tokens "
              + both
              + " of one embedding, and only one can stand for it";
    }

    @Override
    public @Nullable TunerLayer tied(Module other) {
      return layer instanceof Embedding && weight(other) == weight
          ? new Rows(other, weight, rows, ids.toInts(), prefix)
          : null;
    }
  }

  // ---- the file

  private static ObjectNode defaults() {
    ObjectNode tree = PeftFormat.defaults(PEFT_TYPE);
    tree.put("init_weights", true);
    tree.putNull("target_modules");
    tree.putArray("token_indices");
    return tree;
  }

  @Override
  public Config read(AdapterConfig file) throws IOException {
    file.warnUnknownKeys(defaults().properties().stream().map(Map.Entry::getKey).toList());
    TargetFields fields = TargetFields.read(file);
    List<Integer> ids = file.indices("token_indices");
    return file.checked(
        () ->
            new Config(
                ids == null ? List.of() : ids,
                file.flag("init_weights", true),
                fields.targets(),
                fields.taskType(),
                fields.baseModel()));
  }

  @Override
  public ObjectNode write(PeftConfig config) {
    Config c = (Config) config;
    ObjectNode tree = defaults();
    tree.put("init_weights", c.initWeights());
    ArrayNode ids = tree.putArray("token_indices");
    c.tokens().forEach(ids::add);
    TargetFields.write(c, tree);
    return tree;
  }

  @Override
  public void requireSame(String path, PeftConfig present, PeftConfig file) {
    List<Integer> here = ((Config) present).tokens();
    List<Integer> there = ((Config) file).tokens();
    if (!here.equals(there)) {
      throw new IllegalArgumentException(
          "the adapter in the file trains the tokens "
              + there
              + " of '"
              + path
              + "', this model "
              + here);
    }
  }
}
