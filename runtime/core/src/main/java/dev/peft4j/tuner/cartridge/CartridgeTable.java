package dev.peft4j.tuner.cartridge;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer.Entry;
import dev.peft4j.tuner.prompt.PrefixLayer;
import dev.peft4j.tuner.prompt.PromptEntries;
import dev.peft4j.tuner.prompt.VirtualTokens;
import dev.peft4j.tuner.prompt.WordRows;
import java.util.ArrayList;
import java.util.List;

/** Keys and values of all layers: the frozen tokens', then the trained ones'. */
final class CartridgeTable implements PrefixLayer.Table {
  static final String FROZEN = "frozen_embedding";
  static final String TRAINED = "trainable_embedding";

  private final List<Entry> entries = new ArrayList<>();
  private final List<Parameter> parts = new ArrayList<>();

  CartridgeTable(CartridgeConfig config, Rng rng) {
    VirtualTokens v = config.virtual();
    int all = 2 * v.layers() * v.width();
    int frozen = config.frozenTokens();
    if (frozen > 0) {
      Parameter p = WordRows.random(frozen, all, rng);
      Entry entry = PromptEntries.of(FROZEN, p);
      entries.add(Entry.frozen(entry.group(), FROZEN, p, true));
      parts.add(p);
    }
    if (frozen < v.tokens()) {
      Parameter p = WordRows.random(v.tokens() - frozen, all, rng);
      entries.add(PromptEntries.of(TRAINED, p));
      parts.add(p);
    }
  }

  @Override
  public Tensor all() {
    return parts.size() == 1 ? parts.getFirst() : Tensor.concat(0, parts.get(0), parts.get(1));
  }

  @Override
  public boolean isComputed() {
    return false;
  }

  @Override
  public List<Entry> entries() {
    return List.copyOf(entries);
  }
}
