package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * GPT-NeoX (Black et al. 2022) and Pythia: fused projections, layer norms, and a rotary embedding
 * of a part of each head.
 */
@AutoService(ModelFamily.class)
public final class GptNeoX extends DecoderFamily {
  /** Creates the family. */
  public GptNeoX() {
    super("gpt_neox", "GPTNeoX");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader file) throws FileFormatException {
    ConfigReader in =
        file.renamed(
            Map.of("rope_theta", "rotary_emb_base", "partial_rotary_factor", "rotary_pct"));
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(50432).hiddenSize(6144).layers(44).heads(64).intermediateSize(24576);
    keys.config().activation(Activation.GELU);
    boolean bias = in.flag("attention_bias", true);
    keys.style().norm(NormKind.LAYER).normEps(1e-5).projection(Projection.GROUPS).gated(false);
    keys.style().projectionBias(bias).outputBias(bias).mlpBias(true);
    keys.style().parallel(in.flag("use_parallel_residual", true));
    keys.style()
        .name(DecoderPart.BASE, "gpt_neox")
        .name(DecoderPart.EMBEDDING, "embed_in")
        .name(DecoderPart.FINAL_NORM, "final_layer_norm")
        .name(DecoderPart.ATTENTION, "attention")
        .name(DecoderPart.QUERY_KEY_VALUE, "query_key_value")
        .name(DecoderPart.OUTPUT, "dense")
        .name(DecoderPart.UP, "dense_h_to_4h")
        .name(DecoderPart.DOWN, "dense_4h_to_h")
        .order("input_layernorm", "post_attention_layernorm", "attention", "mlp");
    keys.sizes().normEps("layer_norm_eps");
    keys.config().kvHeads(0).residualDropout(keys.dropout("hidden_dropout", 0));
    keys.ignore("classifier_dropout");
    return keys.rotary(10000, 0.25, 0).build();
  }

  @Override
  public String prefix() {
    return "gpt_neox";
  }

  @Override
  public List<String> parts() {
    return List.of("embed_in", "layers", "final_layer_norm");
  }

  @Override
  public String tokenOutputLayer() {
    return "classifier";
  }

  @Override
  public List<String> attentionTargets() {
    return List.of("query_key_value");
  }

  /** Files call the head {@code embed_out}, and older ones contain masks. */
  @Override
  public @Nullable String nameOf(String stored) {
    if (stored.startsWith("embed_out.")) {
      return "lm_head." + stored.substring("embed_out.".length());
    }
    boolean mask = stored.endsWith(".attention.bias") || stored.endsWith(".attention.masked_bias");
    return mask ? null : super.nameOf(stored);
  }

  @Override
  public GPTNeoXForCausalLM causalLm(DecoderConfig config, Init init) {
    return new GPTNeoXForCausalLM(config, init);
  }

  /** GptNeoX with its output layer. */
  @ModuleTree(
      value = {
        "gpt_neox.embed_in: Embedding",
        "gpt_neox.layers.*.input_layernorm: LayerNorm",
        "gpt_neox.layers.*.post_attention_layernorm: LayerNorm",
        "gpt_neox.layers.*.attention.query_key_value: Linear",
        "gpt_neox.layers.*.attention.dense: Linear",
        "gpt_neox.layers.*.mlp.dense_h_to_4h: Linear",
        "gpt_neox.layers.*.mlp.dense_4h_to_h: Linear",
        "gpt_neox.final_layer_norm: LayerNorm",
        "lm_head: Linear"
      },
      outputHead = "lm_head")
  public static class GPTNeoXForCausalLM extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public GPTNeoXForCausalLM(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public GPTNeoXForCausalLM(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
