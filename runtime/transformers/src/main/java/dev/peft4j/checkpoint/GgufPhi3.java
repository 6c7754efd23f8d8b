package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Phi-3 and Phi-4: fused projections, long texts by factors. */
@AutoService(GgufArchitecture.class)
public final class GgufPhi3 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufPhi3() {
    super("phi3", "phi3");
    layer("attn_qkv", "self_attn.qkv_proj").layer("ffn_up", "mlp.gate_up_proj");
    without("attn_q").without("attn_k").without("attn_v").without("ffn_gate");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    out.put("rope_theta", in.number("rope.freq_base", 10_000));
    if (in.hasTensor("rope_factors_short.weight")) {
      ObjectNode rope = in.divisors("rope_factors_short.weight", "rope_factors_long.weight");
      in.copy("rope.scaling.attn_factor", rope, "attention_factor");
      out.set("rope_scaling", rope);
    }
    int positions = out.path("max_position_embeddings").asInt();
    String original = "rope.scaling.original_context_length";
    out.put("original_max_position_embeddings", in.size(original, positions));
    int perHead = out.path("hidden_size").asInt() / out.path("num_attention_heads").asInt();
    int rotated = in.size("rope.dimension_count", perHead);
    if (rotated != perHead) {
      out.put("partial_rotary_factor", (double) rotated / perHead);
    }
    int window = (int) in.number("attention.sliding_window", 0);
    if (window > 0) {
      out.put("sliding_window", window);
    }
  }
}
