package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import java.util.List;
import java.util.Map;

/**
 * Falcon (Almazrouei et al. 2023): few key heads in a fused projection, blocks side by side, rotary
 * embeddings or ALiBi.
 */
@AutoService(ModelFamily.class)
public final class Falcon extends DecoderFamily {
  private static final String NORMS = "num_ln_in_parallel_attn";

  /** Creates the family. */
  public Falcon() {
    super("falcon", "Falcon");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader file) throws FileFormatException {
    ConfigReader in =
        file.renamed(
            Map.of(
                "intermediate_size", "ffn_hidden_size",
                "hidden_act", "activation"));
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(65024).hiddenSize(4544).heads(71).intermediateSize(0);
    keys.config().activation(Activation.GELU).tied(true);
    boolean bias = in.flag("bias", false);
    boolean grouped = in.flag("new_decoder_architecture", false);
    boolean parallel = in.flag("parallel_attn", true);
    if (grouped && !parallel) {
      throw in.wrong("parallel_attn", "true with new_decoder_architecture");
    }
    keys.style().norm(NormKind.LAYER).normEps(1e-5).gated(false).parallel(parallel);
    keys.style().projectionBias(bias).outputBias(bias).mlpBias(bias);
    names(keys.style());
    if (parallel) {
      norms(keys.style(), grouped && (!in.has(NORMS) || in.wholeNumber(NORMS, 1, 2) == 2));
    }
    keys.sizes().normEps("layer_norm_epsilon");
    heads(keys, grouped);
    if (keys.config().intermediateSize == 0) {
      keys.config().intermediateSize(4 * keys.config().hiddenSize);
    }
    keys.ignore(NORMS, "rope_parameters", "rope_theta");
    keys.config().residualDropout(keys.dropout("hidden_dropout", 0));
    if (in.flag("alibi", false)) {
      keys.style().alibi(Alibi.RAW_SCORES);
      return keys.build();
    }
    return keys.rotary(10000, 1, 0).build();
  }

  private static void names(DecoderStyle.Builder style) {
    style
        .name(DecoderPart.BASE, "transformer")
        .name(DecoderPart.EMBEDDING, "word_embeddings")
        .name(DecoderPart.LAYERS, "h")
        .name(DecoderPart.FINAL_NORM, "ln_f")
        .name(DecoderPart.ATTENTION, "self_attention")
        .name(DecoderPart.QUERY_KEY_VALUE, "query_key_value")
        .name(DecoderPart.OUTPUT, "dense")
        .name(DecoderPart.UP, "dense_h_to_4h")
        .name(DecoderPart.DOWN, "dense_4h_to_h")
        .order("self_attention", "mlp", "post_attention_layernorm");
  }

  /** Sets the norms of blocks side by side: one for both, or one each. */
  private static void norms(DecoderStyle.Builder style, boolean two) {
    if (two) {
      style.name(DecoderPart.ATTENTION_NORM, "ln_attn").name(DecoderPart.MLP_NORM, "ln_mlp");
    } else {
      style.norms(DecoderPart.ATTENTION_NORM);
    }
  }

  /** Reads the key heads: one, some or as many as query heads, and how they lie. */
  private static void heads(DecoderKeys keys, boolean grouped) throws FileFormatException {
    ConfigReader in = keys.file();
    int heads = keys.config().heads;
    boolean one = in.flag("multi_query", true) && !grouped;
    int given = in.has("num_kv_heads") ? in.wholeNumber("num_kv_heads", 1, heads) : heads;
    if (grouped && heads % given != 0) {
      throw in.wrong("num_kv_heads", "a divisor of the " + heads + " heads");
    }
    keys.config().kvHeads(one ? 1 : grouped ? given : heads);
    keys.style().projection(one ? Projection.BLOCKS : Projection.GROUPS);
  }

  @Override
  public String prefix() {
    return "transformer";
  }

  @Override
  public List<String> parts() {
    return List.of("word_embeddings", "h", "ln_f");
  }

  @Override
  public String tokenOutputLayer() {
    return "classifier";
  }

  @Override
  public List<String> attentionTargets() {
    return List.of("query_key_value");
  }

  @Override
  public FalconForCausalLM causalLm(DecoderConfig config, Init init) {
    return new FalconForCausalLM(config, init);
  }

  /** Falcon with its output layer. */
  @ModuleTree(
      value = {
        "transformer.word_embeddings: Embedding",
        "transformer.h.*.self_attention.query_key_value: Linear",
        "transformer.h.*.self_attention.dense: Linear",
        "transformer.h.*.mlp.dense_h_to_4h: Linear",
        "transformer.h.*.mlp.dense_4h_to_h: Linear",
        "transformer.h.*.input_layernorm: LayerNorm",
        "transformer.h.*.post_attention_layernorm: LayerNorm",
        "transformer.h.*.ln_attn: LayerNorm",
        "transformer.h.*.ln_mlp: LayerNorm",
        "transformer.ln_f: LayerNorm",
        "lm_head: Linear"
      },
      outputHead = "lm_head")
  public static class FalconForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public FalconForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public FalconForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
