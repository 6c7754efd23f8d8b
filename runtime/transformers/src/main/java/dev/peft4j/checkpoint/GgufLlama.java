package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Llama, Mistral and those built like them; rows of queries and keys are moved. */
@AutoService(GgufArchitecture.class)
public final class GgufLlama extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufLlama() {
    super("llama", "llama");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 10_000);
    in.bias("attn_q", out, "attention_bias");
    in.bias("ffn_up", out, "mlp_bias");
  }

  @Override
  public Change change(String module, String leaf) {
    return GgufLlama.rotated(module);
  }

  /** Returns the change of models whose rotary embedding llama.cpp applies to neighbours. */
  static Change rotated(String module) {
    return module.endsWith(".q_proj")
        ? Change.QUERY_ROWS
        : module.endsWith(".k_proj") ? Change.KEY_ROWS : Change.NONE;
  }
}
