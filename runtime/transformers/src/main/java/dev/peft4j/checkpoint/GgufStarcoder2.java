package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** StarCoder2. */
@AutoService(GgufArchitecture.class)
public final class GgufStarcoder2 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufStarcoder2() {
    super("starcoder2", "starcoder2");
    without("ffn_gate").layer("ffn_up", "mlp.c_fc").layer("ffn_down", "mlp.c_proj");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("norm_epsilon", in.number("attention.layer_norm_epsilon"));
    in.rope(out, 10_000);
    in.bias("attn_q", out, "use_bias");
    if (!in.has("attention.sliding_window")) {
      in.lost("the window of attention", "none");
    } else {
      in.copy("attention.sliding_window", out, "sliding_window");
    }
  }
}
