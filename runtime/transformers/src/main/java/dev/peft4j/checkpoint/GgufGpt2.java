package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** GPT-2; its matrices are transposed. */
@AutoService(GgufArchitecture.class)
public final class GgufGpt2 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufGpt2() {
    super("gpt2", "gpt2", "transformer.h.");
    top("token_embd", "transformer.wte").top("position_embd", "transformer.wpe");
    top("output_norm", "transformer.ln_f").top("output", "lm_head");
    layer("attn_norm", "ln_1").layer("ffn_norm", "ln_2");
    layer("attn_qkv", "attn.c_attn").layer("attn_output", "attn.c_proj");
    layer("ffn_up", "mlp.c_fc").layer("ffn_down", "mlp.c_proj");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("layer_norm_epsilon", in.number("attention.layer_norm_epsilon"));
    out.remove("num_key_value_heads");
  }

  @Override
  public Change change(String module, String leaf) {
    boolean matrix = module.contains(".c_attn") || module.contains(".c_proj");
    return (matrix || module.contains(".c_fc")) && leaf.equals("weight")
        ? Change.TRANSPOSED
        : Change.NONE;
  }
}
