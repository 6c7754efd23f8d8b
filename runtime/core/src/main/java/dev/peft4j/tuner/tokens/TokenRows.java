package dev.peft4j.tuner.tokens;

import dev.peft4j.data.Rng;
import dev.peft4j.graph.Node;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleText;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.op.Pointwise;
import dev.peft4j.op.ScatterAdd;
import dev.peft4j.target.Names;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.ExtraTargets;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The rows (k, dim) of a few tokens that stand for those of a weight (n, dim), in an embedding and
 * in an output layer that holds the same weight.
 */
public final class TokenRows implements TunerLayer {
  private final Module layer;
  private final Parameter weight;
  private final Parameter rows;
  private final Tensor ids;
  private final Tensor idsAsFloats;
  private final Tensor replaced;
  private final String prefix;

  private TokenRows(Module layer, Parameter weight, Parameter rows, int[] ids, String prefix) {
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

  /**
   * Makes the rows of some tokens in a layer, beside the adapters of another tuner; they start as
   * they are.
   *
   * @throws IllegalArgumentException if the layer has no rows of tokens, or not of these
   */
  public static TunerLayer besides(String path, Module layer, List<Integer> tokens) {
    return of(path, layer, tokens, null, "token_adapter.");
  }

  /**
   * Makes the rows of some tokens in a layer.
   *
   * @param drawn draws the values that they start with; null if they start as they are
   * @param prefix what peft's names have before the name of the rows: nothing, or a wrapper's name
   *     and a dot
   */
  static TunerLayer of(
      String path, Module layer, List<Integer> tokens, @Nullable Rng drawn, String prefix) {
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
        drawn == null
            ? new Parameter(
                weight.ownTensor().embedding(Tensor.of(ids)).toFloats(), ids.length, dim)
            : Initial.normal(drawn, 1, ids.length, dim);
    return new TokenRows(layer, weight, rows, ids, prefix);
  }

  /**
   * Checks ids of tokens.
   *
   * @param where the embedding that they are of, for messages
   * @throws IllegalArgumentException if there is none, one is negative or comes twice
   */
  public static void checkIds(String where, List<Integer> ids) {
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
   * Returns the path of the layer called {@code embed_tokens}, else of the first embedding: what
   * peft takes unless told otherwise.
   */
  public static String inputEmbedding(Module root) {
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

  private static @Nullable Parameter weight(Module layer) {
    return switch (layer) {
      case Embedding e -> e.weight();
      case Linear l -> l.weight();
      default -> null;
    };
  }

  /** Returns the embeddings of which rows are trained, besides targets of another kind. */
  public static ExtraTargets targets(List<String> embeddings) {
    return new ExtraTargets("trainable tokens", embeddings);
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
   * x are features (…, dim), of which the result has a logit a token: those of the tokens come from
   * their rows.
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
    if (!(other instanceof TokenRows r)) {
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
        ? new TokenRows(other, weight, rows, ids.toInts(), prefix)
        : null;
  }

  /** Returns whether the rows are an adapter of their own: others peft saves once. */
  @Override
  public boolean isSavedForTied() {
    return prefix.isEmpty();
  }

  /** Returns the layer as peft prints it, which wraps it beside another tuner's adapters. */
  @Override
  public String text(String type, SequencedMap<String, String> parts) {
    if (prefix.isEmpty()) {
      return TunerLayer.super.text(type, parts);
    }
    SequencedMap<String, String> wrapper = new LinkedHashMap<>();
    wrapper.put("original_module", "None");
    wrapper.put("token_adapter", ModuleText.block("TrainableTokensLayer", "", parts));
    return ModuleText.block("TrainableTokensWrapper", "", wrapper);
  }
}
