package dev.peft4j.transformers;

import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The layers, one after another. */
public final class BertEncoder extends Module {
  private final List<BertLayer> layer;

  BertEncoder(BertConfig config, BertInit init) {
    List<BertLayer> layers = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      layers.add(new BertLayer(config, init));
    }
    this.layer = List.copyOf(layers);
  }

  Tensor forward(Tensor x, @Nullable Tensor mask) {
    Tensor h = x;
    for (BertLayer l : layer) {
      h = l.forward(h, mask);
    }
    return h;
  }

  /** The layers, first one first; the name is the checkpoint's. */
  public List<BertLayer> layer() {
    return layer;
  }
}
