package dev.peft4j.tuner;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Storage;
import dev.peft4j.log.Log;
import dev.peft4j.nn.ModuleState;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.Parameter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The merging of a model's adapters. */
final class AdapterMerger implements MergesAdapters {
  private static final Log LOG = Log.of(AdapterMerger.class);

  /** Less than this part of what was added is worth a warning. */
  private static final double WARNED = 0.9;

  private final AdapterRegistry registry;

  AdapterMerger(AdapterRegistry registry) {
    this.registry = registry;
  }

  @Override
  public void merge(String... names) {
    registry.update(
        state -> {
          MergedWeights merged = state.merged();
          for (AttachedAdapter a : registry.adapters(List.of(names))) {
            if (merged.adapters().contains(a)) {
              throw new IllegalStateException(
                  "adapter '" + a.name() + "' is merged already; unmerge() it first");
            }
            merged = merged.plus(a);
          }
          return state.with(state.active(), merged);
        });
  }

  @Override
  public void unmerge(String... names) {
    registry.update(
        state -> {
          List<AttachedAdapter> left = new ArrayList<>(state.merged().adapters());
          for (AttachedAdapter a : registry.adapters(List.of(names))) {
            if (!left.remove(a)) {
              throw new IllegalStateException(
                  "adapter '" + a.name() + "' is not merged; merge() it first");
            }
          }
          return state.with(state.active(), state.merged().only(left));
        });
  }

  @Override
  public boolean isMerged(String name) {
    return registry.state().merged().adapters().contains(registry.adapter(name));
  }

  @Override
  public List<String> merged() {
    return registry.state().merged().names();
  }

  @Override
  public void mergeAndUnload(String... names) {
    synchronized (registry) {
      Map<ModuleTensor, Storage> values = merging(names).forBase();
      registry.base().write(values, registry);
      registry.detach();
    }
  }

  @Override
  public MergeReport mergeAndUnload(Encoding encoding, String... names) {
    synchronized (registry) {
      MergeReport.Sum sum = new MergeReport.Sum(encoding);
      Map<ModuleTensor, Storage> values = rounded(merging(names).values(), encoding, sum);
      registry.base().replace(values, registry);
      registry.detach();
      return said(sum.report());
    }
  }

  /** Rounds merged weights to an encoding; buffers stay as they are. */
  private static Map<ModuleTensor, Storage> rounded(
      Map<ModuleTensor, Storage> exact, Encoding encoding, MergeReport.Sum sum) {
    Map<ModuleTensor, Storage> rounded = new LinkedHashMap<>();
    exact.forEach(
        (t, value) -> {
          Storage held = value;
          if (t instanceof Parameter && !t.own().encoding().equals(Encodings.FLOAT32)) {
            Encoding own = encoding.forShape(t.shape());
            own.requireFit("'" + t.name() + "'", t.shape());
            held = value.copyAs(own);
            sum.add(t, value, held);
          }
          rounded.put(t, held);
        });
    return rounded;
  }

  private static MergeReport said(MergeReport report) {
    if (report.share() < WARNED) {
      LOG.warn("merged weights: {}", report);
    } else {
      LOG.info("merged weights: {}", report);
    }
    return report;
  }

  /** The values that the base would have with adapters merged after those that are already. */
  private MergedWeights merging(String... names) {
    AdapterState state = registry.state();
    List<AttachedAdapter> all = new ArrayList<>(state.merged().adapters());
    List<AttachedAdapter> wanted =
        names.length == 0 ? state.active() : registry.adapters(List.of(names));
    wanted.stream().filter(a -> !all.contains(a)).forEach(all::add);
    new AdapterOverlay(all, state.merged()); // what cannot act together cannot be merged together
    return state.merged().only(all);
  }

  @Override
  public void saveMerged(Path path, String... names) {
    ModuleState.of(registry.base().root()).write(path, merging(names).forBase());
  }

  @Override
  public MergeReport saveMerged(Path path, Encoding encoding, String... names) {
    if (encoding.hasBlocks() || encoding.dtype().isInteger()) {
      throw new IllegalArgumentException(
          "merged weights are saved as FLOAT32, BFLOAT16 or FLOAT16, not as " + encoding);
    }
    MergeReport.Sum sum = new MergeReport.Sum(encoding);
    Map<ModuleTensor, Storage> values = rounded(merging(names).values(), encoding, sum);
    ModuleState.of(registry.base().root()).write(path, values, encoding);
    return said(sum.report());
  }

  @Override
  public void unload() {
    synchronized (registry) {
      registry.base().write(registry.state().merged().forBase(), registry);
      registry.detach();
    }
  }
}
