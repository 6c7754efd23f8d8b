package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Command R of Cohere. */
@AutoService(GgufArchitecture.class)
public final class GgufCommandR extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufCommandR() {
    super("command-r", "cohere");
    layer("attn_q_norm", "self_attn.q_norm").layer("attn_k_norm", "self_attn.k_norm");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("layer_norm_eps", in.number("attention.layer_norm_epsilon"));
    in.rope(out, 10_000);
    in.copy("logit_scale", out, "logit_scale");
    out.put("use_qk_norm", in.hasTensor("blk.0.attn_q_norm.weight"));
    in.bias("attn_q", out, "attention_bias");
  }
}
