package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Gemma 3; what GGUF does not hold is known of its sizes. */
@AutoService(GgufArchitecture.class)
public final class GgufGemma3 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufGemma3() {
    super("gemma3", "gemma3_text");
    layer("ffn_norm", "pre_feedforward_layernorm");
    layer("post_attention_norm", "post_attention_layernorm");
    layer("post_ffw_norm", "post_feedforward_layernorm");
    layer("attn_q_norm", "self_attn.q_norm").layer("attn_k_norm", "self_attn.k_norm");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 1_000_000);
    out.put("rope_local_base_freq", in.number("rope.freq_base_swa", 10_000));
    in.copy("attention.sliding_window", out, "sliding_window");
    in.copy("final_logit_softcapping", out, "final_logit_softcapping");
    GgufGemma2.scale(in, out, 62);
  }

  @Override
  public Change change(String module, String leaf) {
    return module.endsWith("norm") && leaf.equals("weight") ? Change.PLUS_ONE : Change.NONE;
  }
}
