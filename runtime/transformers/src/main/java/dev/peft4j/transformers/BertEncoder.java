package dev.peft4j.transformers;

import dev.peft4j.nn.BlockStack;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The layers, one after another. */
public final class BertEncoder extends Module implements BlockStack {
  private final EncoderConfig config;
  private List<BertLayer> layer;

  BertEncoder(EncoderConfig config, Init init) {
    this.config = config;
    List<BertLayer> layers = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      layers.add(new BertLayer(config, init));
    }
    this.layer = List.copyOf(layers);
  }

  @Override
  public int blockCount() {
    return layer.size();
  }

  @Override
  public void arrange(int... order) {
    List<BertLayer> blocks = new ArrayList<>();
    for (int i : order) {
      BertLayer block = new BertLayer(config, Init.zeros());
      BlockStack.share(block, layer.get(i));
      blocks.add(block);
    }
    layer = List.copyOf(blocks);
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
