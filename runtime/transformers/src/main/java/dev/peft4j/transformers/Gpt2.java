package dev.peft4j.transformers;

import com.google.auto.service.AutoService;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.io.FileFormatException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * GPT-2 (Radford et al. 2019): learned positions, fused projections, and weights that are stored
 * (in, out).
 */
@AutoService(ModelFamily.class)
public final class Gpt2 extends DecoderFamily {
  /** Creates the family. */
  public Gpt2() {
    super("gpt2", "GPT2");
  }

  @Override
  public DecoderConfig decoderConfig(ConfigReader file) throws FileFormatException {
    ConfigReader in =
        file.renamed(
            Map.of(
                "hidden_size", "n_embd",
                "max_position_embeddings", "n_positions",
                "num_attention_heads", "n_head",
                "num_hidden_layers", "n_layer",
                "intermediate_size", "n_inner",
                "hidden_act", "activation_function",
                "attention_dropout", "attn_pdrop"));
    DecoderKeys keys = new DecoderKeys(in, modelType());
    keys.config().vocabSize(50257).hiddenSize(768).layers(12).heads(12).maxPositions(1024);
    keys.config().activation(Activation.GELU_TANH).attentionDropout(0.1).intermediateSize(0);
    keys.config().tied(true);
    keys.style().norm(NormKind.LAYER).normEps(1e-5).transposed(true).learnedPositions(true);
    keys.style().projection(Projection.BLOCKS).gated(false);
    keys.style().projectionBias(true).outputBias(true).mlpBias(true);
    keys.style()
        .name(DecoderPart.BASE, "transformer")
        .name(DecoderPart.EMBEDDING, "wte")
        .name(DecoderPart.LAYERS, "h")
        .name(DecoderPart.FINAL_NORM, "ln_f")
        .name(DecoderPart.ATTENTION_NORM, "ln_1")
        .name(DecoderPart.ATTENTION, "attn")
        .name(DecoderPart.QUERY_KEY_VALUE, "c_attn")
        .name(DecoderPart.OUTPUT, "c_proj")
        .name(DecoderPart.MLP_NORM, "ln_2")
        .name(DecoderPart.UP, "c_fc")
        .name(DecoderPart.DOWN, "c_proj")
        .order("ln_1", "attn", "ln_2", "mlp");
    keys.sizes().normEps("layer_norm_epsilon");
    if (keys.config().intermediateSize == 0) {
      keys.config().intermediateSize(4 * keys.config().hiddenSize);
    }
    keys.config().residualDropout(keys.dropout("resid_pdrop", 0.1));
    keys.config().embeddingDropout(keys.dropout("embd_pdrop", 0.1));
    keys.style().attentionScale(in.flag("scale_attn_weights", true) ? 0 : 1);
    keys.style().scaledByLayer(in.flag("scale_attn_by_inverse_layer_idx", false));
    keys.ignore("reorder_and_upcast_attn", "summary_activation", "summary_first_dropout");
    keys.ignore("summary_proj_to_labels", "summary_type", "summary_use_proj", "n_ctx");
    return keys.build();
  }

  @Override
  public String prefix() {
    return "transformer";
  }

  @Override
  public List<String> parts() {
    return List.of("wte", "wpe", "h", "ln_f");
  }

  @Override
  public String tokenOutputLayer() {
    return "classifier";
  }

  @Override
  public List<String> attentionTargets() {
    return List.of("c_attn");
  }

  /** Leaves out the masks that older releases saved. */
  @Override
  public @Nullable String nameOf(String stored) {
    return stored.endsWith(".attn.bias") || stored.endsWith(".attn.masked_bias") ? null : stored;
  }

  @Override
  public GPT2LMHeadModel causalLm(DecoderConfig config, Init init) {
    return new GPT2LMHeadModel(config, init);
  }

  /** Gpt2 with its output layer. */
  @ModuleTree(
      value = {
        "transformer.wte: Embedding",
        "transformer.wpe: Embedding",
        "transformer.h.*.ln_1: LayerNorm",
        "transformer.h.*.attn.c_attn: TransposedLinear",
        "transformer.h.*.attn.c_proj: TransposedLinear",
        "transformer.h.*.ln_2: LayerNorm",
        "transformer.h.*.mlp.c_fc: TransposedLinear",
        "transformer.h.*.mlp.c_proj: TransposedLinear",
        "transformer.ln_f: LayerNorm",
        "lm_head: Linear"
      },
      outputHead = "lm_head")
  public static class GPT2LMHeadModel extends CausalLm {
    /** Creates a new model, initialised as in transformers. */
    public GPT2LMHeadModel(DecoderConfig config) {
      this(config, Init.random(config));
    }

    /** Creates a model whose layers {@code init} makes. */
    public GPT2LMHeadModel(DecoderConfig config, Init init) {
      super(config, init);
    }
  }
}
