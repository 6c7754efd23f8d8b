package dev.peft4j.train;

import dev.peft4j.nn.BatchNorm;
import dev.peft4j.nn.GroupNorm;
import dev.peft4j.nn.LayerNorm;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.RmsNorm;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The parameters that do not decay: biases and norms, by the rules of transformers' {@code
 * Trainer.get_decay_parameter_names} (the type of the layer, and words in names).
 */
final class DecayExempt {
  private static final Pattern NAME =
      Pattern.compile("bias|layernorm|rmsnorm|(?:^|\\.)norm(?:$|\\.)|_norm(?:$|\\.)");

  private DecayExempt() {}

  private static boolean isNorm(Module m) {
    return m instanceof BatchNorm
        || m instanceof LayerNorm
        || m instanceof RmsNorm
        || m instanceof GroupNorm;
  }

  static Set<Parameter> of(Subject model) {
    List<String> norms =
        model.root().namedModules().stream()
            .filter(m -> isNorm(m.module()))
            .map(NamedModule::name)
            .map(path -> model.prefix() + (path.isEmpty() ? "" : path + "."))
            .toList();
    Set<Parameter> exempt = Collections.newSetFromMap(new IdentityHashMap<>());
    for (NamedParameter p : model.parameters()) {
      String name = p.name();
      if (NAME.matcher(name.toLowerCase(Locale.ROOT)).find()
          || norms.stream().anyMatch(name::startsWith)) {
        exempt.add(p.parameter());
      }
    }
    return exempt;
  }
}
