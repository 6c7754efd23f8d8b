package dev.peft4j.tuner.xlora;

import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The experts on one layer. */
final class XloraLayer implements TunerLayer {
  private static final String PREFIX = "base_model.lora_model.model.";

  private final String path;
  private final XloraConfig config;
  private final int index;
  private final List<Experts.@Nullable Term> terms;

  XloraLayer(String path, Module layer, XloraConfig config, Experts experts) {
    this.path = path;
    this.config = config;
    this.index = experts.next();
    this.terms = experts.at(path);
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor y = base.apply(x);
    Tensor scalings = Scalings.chosen(Scalings.of(index, path), config);
    for (int e = 0; e < terms.size(); e++) {
      Experts.Term term = terms.get(e);
      if (term != null) {
        Tensor own = scalings.slice(2, e, e + 1);
        Tensor added = x.mul(own).linear(term.a(), null).linear(term.b(), null);
        y = y.add(added.mul(term.scale() * (float) config.weight()));
      }
    }
    return y;
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    for (String group : List.of("lora_A", "lora_B")) {
      for (int e = 0; e < terms.size(); e++) {
        Experts.Term term = terms.get(e);
        if (term != null) {
          Parameter p = group.equals("lora_A") ? term.a() : term.b();
          boolean trained = config.trainsExperts();
          String suffix = e + ".weight";
          all.add(new Entry(group, suffix, suffix, p, false, trained, trained));
        }
      }
    }
    return all;
  }

  @Override
  public String inMemory(Entry entry, String adapter) {
    return PREFIX + path + "." + entry.group() + "." + entry.suffix();
  }

  @Override
  public String key(Entry entry) {
    return PREFIX + path + "." + entry.group() + "." + entry.suffix();
  }

  /** Returns null: experts have folders of their own. */
  @Override
  public @Nullable StoredTensor stored(Entry entry) {
    return null;
  }

  @Override
  public boolean isOptional(Entry entry) {
    return true;
  }

  /** Throws: the sum depends on the token. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "X-LoRA's scalings depend on the token, so the adapter of '" + path + "' cannot be merged");
  }
}
