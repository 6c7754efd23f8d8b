package dev.peft4j.tuner.cartridge;

import com.google.auto.service.AutoService;
import dev.peft4j.data.Shape;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.SettingsFile;
import dev.peft4j.tuner.Tuner;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.cartridge.CartridgeConfig.Builder;
import dev.peft4j.tuner.prompt.PrefixLayer;
import dev.peft4j.tuner.prompt.PrefixTuner;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Cartridges (Eyuboglu et al. 2025), peft's {@code CARTRIDGE}: keys and values in front of those of
 * each layer's attention, as in prefix tuning; the first tokens of them are not trained, since many
 * models look at them whatever they are. A file has one tensor, (virtual tokens, layers · 2 · width
 * of the keys).
 */
@AutoService(Tuner.class)
public final class CartridgeTuner extends PrefixTuner<CartridgeConfig> {
  /** peft's name. */
  public static final String PEFT_TYPE = "CARTRIDGE";

  private static final String EMBEDDINGS = "prompt_embeddings";
  private static final String PREFIX = "prompt_encoder.";

  private static final SettingsFile<CartridgeConfig, Builder> FILE =
      file(
          SettingsFile.of(PEFT_TYPE, CartridgeConfig.class, CartridgeConfig::builder)
              .integer(
                  "num_frozen_tokens", 1, 0, CartridgeConfig::frozenTokens, Builder::frozenTokens));

  /** Creates it for {@link java.util.ServiceLoader}. */
  public CartridgeTuner() {
    super(CartridgeConfig.class, Cartridge.class, FILE);
  }

  @Override
  protected PrefixLayer.Table table(CartridgeConfig config, TunerContext context) {
    return new CartridgeTable(config, context.rng());
  }

  /** Puts both parts into the one tensor that a file has. */
  @Override
  public SequencedMap<String, StoredTensor> stored(
      CartridgeConfig config, SequencedMap<String, StoredTensor> tensors) {
    SequencedMap<String, StoredTensor> out = new LinkedHashMap<>(tensors);
    StoredTensor frozen = out.remove(PREFIX + CartridgeTable.FROZEN);
    StoredTensor trained = out.remove(PREFIX + CartridgeTable.TRAINED);
    StoredTensor all = frozen == null ? trained : frozen;
    if (frozen != null && trained != null) {
      Tensor both = Tensor.concat(0, tensor(frozen), tensor(trained));
      all = new StoredTensor(both.shape(), both.storage());
    }
    if (all != null) {
      out.put(EMBEDDINGS, all);
    }
    return out;
  }

  /** Divides the tensor of a file into both parts. */
  @Override
  public SequencedMap<String, StoredTensor> loaded(
      CartridgeConfig config, SequencedMap<String, StoredTensor> tensors) {
    SequencedMap<String, StoredTensor> out = new LinkedHashMap<>(tensors);
    StoredTensor all = out.remove(EMBEDDINGS);
    if (all == null) {
      return out;
    }
    Shape s = all.shape();
    if (s.rank() != 2 || s.dim(0) != config.virtual().tokens()) {
      throw new IllegalArgumentException(
          EMBEDDINGS
              + " has the shape "
              + s
              + ", expected "
              + config.virtual().tokens()
              + " rows (num_virtual_tokens)");
    }
    put(out, CartridgeTable.FROZEN, all, 0, config.frozenTokens());
    put(out, CartridgeTable.TRAINED, all, config.frozenTokens(), s.dim(0));
    return out;
  }

  private static void put(
      SequencedMap<String, StoredTensor> out, String name, StoredTensor all, int from, int to) {
    if (from < to) {
      Tensor part = tensor(all).slice(0, from, to).mul(1);
      out.put(PREFIX + name, new StoredTensor(part.shape(), part.storage()));
    }
  }

  private static Tensor tensor(StoredTensor t) {
    return Tensor.of(t.storage(), t.shape());
  }
}
