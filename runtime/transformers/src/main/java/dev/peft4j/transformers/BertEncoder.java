package dev.peft4j.transformers;

import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The layers, one after another. */
public final class BertEncoder extends Module {
  private final List<BertLayer> layer;

  BertEncoder(EncoderConfig config, Init init) {
    List<BertLayer> layers = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      layers.add(new BertLayer(config, init));
    }
    this.layer = List.copyOf(layers);
  }

  Tensor forward(Tensor x, @Nullable Tensor mask, Consumer<Tensor> layerInput) {
    Tensor h = x;
    for (BertLayer l : layer) {
      layerInput.accept(h);
      h = l.forward(h, mask);
    }
    return h;
  }

  /** Returns the layers, first one first; the name is the checkpoint's. */
  public List<BertLayer> layer() {
    return layer;
  }
}
