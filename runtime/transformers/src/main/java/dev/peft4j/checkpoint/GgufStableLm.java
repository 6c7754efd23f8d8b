package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** StableLM. */
@AutoService(GgufArchitecture.class)
public final class GgufStableLm extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufStableLm() {
    super("stablelm", "stablelm");
    layer("attn_q_norm", "self_attn.q_layernorm").layer("attn_k_norm", "self_attn.k_layernorm");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("layer_norm_eps", in.number("attention.layer_norm_epsilon"));
    in.rope(out, 10_000);
    in.bias("attn_q", out, "use_qkv_bias");
    out.put("use_parallel_residual", in.flag("use_parallel_residual", false));
    if (in.hasTensor("blk.0.attn_q_norm.weight")) {
      throw in.problem("attention", "has norms of each head, which are not supported");
    }
    int perHead = out.path("hidden_size").asInt() / out.path("num_attention_heads").asInt();
    int rotated = in.size("rope.dimension_count", perHead / 4);
    out.put("partial_rotary_factor", (double) rotated / perHead);
  }
}
