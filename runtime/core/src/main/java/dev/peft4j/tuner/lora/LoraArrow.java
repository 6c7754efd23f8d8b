package dev.peft4j.tuner.lora;

import dev.peft4j.nn.Module;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.AdapterSet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Arrow (Ostapenko et al. 2024): of several LoRA adapters each token takes those that suit it,
 * without training; peft's {@code create_arrow_model}.
 */
public final class LoraArrow {
  /** The name of the adapter that chooses. */
  public static final String ROUTER = "arrow_router";

  private LoraArrow() {}

  /**
   * Attaches saved LoRA adapters of linear layers, called {@code task_0} and so on, and one that
   * chooses among them, which is active. They must have the same targets and ranks.
   *
   * @param topK how many adapters a token takes at most; peft's default is 3
   * @param temperature divides the similarities; peft's default is 1
   * @param seed of the start of the search for the adapters' directions; null for any
   * @param general adapters of general knowledge, whose mean is taken off the others first; often
   *     none
   * @throws IllegalArgumentException if there is no adapter, or they do not go together
   */
  public static <M extends Module> AdaptedModel<M> of(
      M base,
      List<Path> adapters,
      int topK,
      double temperature,
      @Nullable Long seed,
      List<Path> general) {
    if (adapters.isEmpty()) {
      throw new IllegalArgumentException("Arrow needs at least one adapter");
    }
    AdapterSet set = AdapterSet.freezing(base);
    List<String> tasks = add(set, adapters, "task_");
    List<String> generals = add(set, general, "gks_");
    LoraConfig first = (LoraConfig) set.config(tasks.getFirst());
    for (String name : set.names()) {
      LoraConfig other = (LoraConfig) set.config(name);
      if (other.r() != first.r() || !other.targets().targets().equals(first.targets().targets())) {
        throw new IllegalArgumentException(
            "Arrow: adapter '"
                + name
                + "' has rank "
                + other.r()
                + " and targets "
                + other.targets().targets()
                + ", '"
                + tasks.getFirst()
                + "' has "
                + first.r()
                + " and "
                + first.targets().targets()
                + ": they must be the same");
      }
    }
    LoraVariant.Arrow arrow = new LoraVariant.Arrow(topK, temperature, tasks, generals, seed);
    set.addMatching(
        ROUTER, LoraConfig.builder().r(first.r()).targets(first.targets()).variant(arrow).build());
    set.activate(ROUTER);
    return AdaptedModel.of(base, set);
  }

  private static List<String> add(AdapterSet set, List<Path> folders, String prefix) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < folders.size(); i++) {
      names.add(prefix + i);
      set.addFrom(folders.get(i), prefix + i);
      if (!(set.config(prefix + i) instanceof LoraConfig)) {
        throw new IllegalArgumentException(
            folders.get(i) + " is not a LoRA adapter but " + set.config(prefix + i).peftType());
      }
    }
    return names;
  }
}
