package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Granite. */
@AutoService(GgufArchitecture.class)
public final class GgufGranite extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufGranite() {
    super("granite", "granite");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 10_000);
    in.copy("attention.scale", out, "attention_multiplier");
    in.copy("embedding_scale", out, "embedding_multiplier");
    in.copy("residual_scale", out, "residual_multiplier");
    in.copy("logit_scale", out, "logits_scaling");
    in.bias("attn_q", out, "attention_bias");
    in.bias("ffn_up", out, "mlp_bias");
  }

  @Override
  public Change change(String module, String leaf) {
    return GgufLlama.rotated(module);
  }
}
