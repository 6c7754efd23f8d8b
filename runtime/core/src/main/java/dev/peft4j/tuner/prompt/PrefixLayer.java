package dev.peft4j.tuner.prompt;

import dev.peft4j.nn.ModelSlot;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The keys and values in front of those of one layer: a part of a table (tokens, layers · 2 ·
 * width) that all layers share, keys before values.
 */
public final class PrefixLayer extends PromptLayer {
  /** The table that the layers share. */
  public interface Table {
    /** Returns keys and values of all layers, (tokens, layers · 2 · width). */
    Tensor all();

    /** Returns whether that is computed from something that files do not have. */
    boolean isComputed();

    /** Returns the parameters. */
    List<Entry> entries();
  }

  private final Table table;
  private final int layer;
  private final int width;

  /** Creates it for the slot of a layer. */
  public PrefixLayer(ModelSlot slot, VirtualTokens virtual, Table table) {
    super(virtual.tokens());
    this.table = table;
    this.layer = slot.layer();
    this.width = virtual.width();
  }

  @Override
  protected Tensor rows(int batch) {
    return table.all().slice(1, 2 * layer * width, 2 * (layer + 1) * width);
  }

  @Override
  protected @Nullable Tensor product() {
    return table.isComputed() ? table.all() : null;
  }

  /** Returns the parameters, which go by the first layer. */
  @Override
  public List<Entry> parameters() {
    return layer == 0 ? table.entries() : List.of();
  }
}
