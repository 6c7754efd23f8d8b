package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Qwen3. */
@AutoService(GgufArchitecture.class)
public final class GgufQwen3 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufQwen3() {
    super("qwen3", "qwen3");
    layer("attn_q_norm", "self_attn.q_norm").layer("attn_k_norm", "self_attn.k_norm");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 10_000);
    in.bias("attn_q", out, "attention_bias");
    out.put("use_sliding_window", false);
  }
}
