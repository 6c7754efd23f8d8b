package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Qwen2 and Qwen2.5. */
@AutoService(GgufArchitecture.class)
public final class GgufQwen2 extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufQwen2() {
    super("qwen2", "qwen2");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 10_000);
    out.put("use_sliding_window", false);
  }
}
