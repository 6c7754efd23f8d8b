package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.auto.service.AutoService;
import dev.peft4j.io.FileFormatException;

/** Gemma; its norms are stored with 1 added. */
@AutoService(GgufArchitecture.class)
public final class GgufGemma extends GgufArchitecture {
  /** Creates the architecture. */
  public GgufGemma() {
    super("gemma", "gemma");
  }

  @Override
  public void settings(GgufSettings in, ObjectNode out) throws FileFormatException {
    out.put("rms_norm_eps", in.number("attention.layer_norm_rms_epsilon"));
    in.rope(out, 10_000);
  }

  @Override
  public Change change(String module, String leaf) {
    return module.endsWith("norm") && leaf.equals("weight") ? Change.PLUS_ONE : Change.NONE;
  }
}
