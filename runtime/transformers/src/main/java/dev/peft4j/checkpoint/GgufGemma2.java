package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Gemma 2; what GGUF does not hold is known of its sizes. */
@AutoService(GgufArchitecture.class)
public final class GgufGemma2 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufGemma2() {
    super("gemma2", "gemma2");
    layer("ffn_norm", "pre_feedforward_layernorm");
    layer("post_attention_norm", "post_attention_layernorm");
    layer("post_ffw_norm", "post_feedforward_layernorm");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 10_000);
    in.copy("attn_logit_softcapping", out, "attn_logit_softcapping");
    in.copy("final_logit_softcapping", out, "final_logit_softcapping");
    in.copy("attention.sliding_window", out, "sliding_window");
    scale(in, out, 46);
  }

  @Override
  public Change change(String module, String leaf) {
    return module.endsWith("norm") && leaf.equals("weight") ? Change.PLUS_ONE : Change.NONE;
  }

  /** Writes the scale of scores: the size of a head, but width over heads for the 27B. */
  static void scale(GgufSettings in, ObjectNode out, int largest) throws FileFormatException {
    int perHead = out.path("hidden_size").asInt() / out.path("num_attention_heads").asInt();
    boolean large = out.path("num_hidden_layers").asInt() == largest;
    int scalar = large ? perHead : out.path("head_dim").asInt(perHead);
    out.put("query_pre_attn_scalar", scalar);
    in.lost("query_pre_attn_scalar and which layers have a window", scalar + ", the usual ones");
  }
}
