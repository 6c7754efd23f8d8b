package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import java.util.List;
import java.util.Map;

/** BLOOM (BigScience 2022): ALiBi in place of positions, and normalised embeddings. */
@AutoService(ModelFamily.class)
public final class Bloom extends DecoderFamily {
  /** Creates the family. */
  public Bloom() {
    super("bloom", "Bloom");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader file) throws FileFormatException {
    ConfigReader in =
        file.renamed(
            Map.of(
                "num_attention_heads", "n_head",
                "num_hidden_layers", "n_layer",
                "hidden_size", file.has("n_embed") ? "n_embed" : "hidden_size",
                "max_position_embeddings", "seq_length"));
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(250880).hiddenSize(64).layers(2).heads(8).tied(true);
    keys.config().activation(Activation.GELU_TANH);
    keys.style().norm(NormKind.LAYER).normEps(1e-5).alibi(Alibi.SCALED_SCORES).embeddingNorm(true);
    keys.style().projection(Projection.GROUPS).gated(false);
    keys.style().projectionBias(true).outputBias(true).mlpBias(true);
    keys.style().residualOfNorm(in.flag("apply_residual_connection_post_layernorm", false));
    keys.style()
        .name(DecoderPart.BASE, "transformer")
        .name(DecoderPart.EMBEDDING, "word_embeddings")
        .name(DecoderPart.LAYERS, "h")
        .name(DecoderPart.FINAL_NORM, "ln_f")
        .name(DecoderPart.ATTENTION, "self_attention")
        .name(DecoderPart.QUERY_KEY_VALUE, "query_key_value")
        .name(DecoderPart.OUTPUT, "dense")
        .name(DecoderPart.UP, "dense_h_to_4h")
        .name(DecoderPart.DOWN, "dense_4h_to_h")
        .order("input_layernorm", "self_attention", "post_attention_layernorm", "mlp");
    keys.sizes().normEps("layer_norm_epsilon");
    keys.config().intermediateSize(4 * keys.config().hiddenSize);
    keys.config().residualDropout(keys.dropout("hidden_dropout", 0));
    if (in.flag("slow_but_exact", false) && in.wholeNumber("pretraining_tp", 1, 1) > 1) {
      // transformers leaves out two biases then, which was hardly meant
      throw in.error(
          "slow_but_exact is true and pretraining_tp "
              + in.get("pretraining_tp")
              + ", which is not supported; expected slow_but_exact to be false");
    }
    keys.ignore("attention_softmax_in_fp32", "masked_softmax_fusion");
    keys.ignore("bias_dropout_fusion", "offset_alibi", "skip_bias_add", "skip_bias_add_qkv");
    keys.ignore("unk_token_id", "n_inner");
    return keys.build();
  }

  @Override
  public String prefix() {
    return "transformer";
  }

  @Override
  public List<String> parts() {
    return List.of("word_embeddings", "word_embeddings_layernorm", "h", "ln_f");
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
  public BloomForCausalLM causalLm(DecoderConfig config, Init init) {
    return new BloomForCausalLM(config, init);
  }

  /** Bloom with its output layer. */
  @ModuleTree(
      value = {
        "transformer.word_embeddings: Embedding",
        "transformer.word_embeddings_layernorm: LayerNorm",
        "transformer.h.*.input_layernorm: LayerNorm",
        "transformer.h.*.self_attention.query_key_value: Linear",
        "transformer.h.*.self_attention.dense: Linear",
        "transformer.h.*.post_attention_layernorm: LayerNorm",
        "transformer.h.*.mlp.dense_h_to_4h: Linear",
        "transformer.h.*.mlp.dense_4h_to_h: Linear",
        "transformer.ln_f: LayerNorm",
        "lm_head: Linear"
      },
      outputHead = "lm_head")
  public static class BloomForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public BloomForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public BloomForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
