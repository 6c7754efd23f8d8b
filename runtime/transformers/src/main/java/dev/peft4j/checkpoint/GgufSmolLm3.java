package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** SmolLM3; that every fourth layer has no rotary embedding is known. */
@AutoService(GgufArchitecture.class)
public final class GgufSmolLm3 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufSmolLm3() {
    super("smollm3", "smollm3");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 10_000);
    in.bias("attn_q", out, "attention_bias");
    in.bias("ffn_up", out, "mlp_bias");
    in.lost("which layers have no rotary embedding", "every fourth one");
  }

  @Override
  public Change change(String module, String leaf) {
    return GgufLlama.rotated(module);
  }
}
