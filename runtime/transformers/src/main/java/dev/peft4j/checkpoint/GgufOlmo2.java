package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** OLMo 2. */
@AutoService(GgufArchitecture.class)
public final class GgufOlmo2 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufOlmo2() {
    super("olmo2", "olmo2");
    without("attn_norm").without("ffn_norm");
    layer("post_attention_norm", "post_attention_layernorm");
    layer("post_ffw_norm", "post_feedforward_layernorm");
    layer("attn_q_norm", "self_attn.q_norm").layer("attn_k_norm", "self_attn.k_norm");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 10_000);
    in.bias("attn_q", out, "attention_bias");
  }
}
