package dev.peft4j.tuner;

import dev.peft4j.nn.NamedModule;
import dev.peft4j.target.Names;
import dev.peft4j.target.Suggestions;
import dev.peft4j.target.TaskTypes;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whether everything that an adapter's settings name is in the model. */
final class MatchCheck {
  private static final Logger LOG = LoggerFactory.getLogger(AdapterSet.class);

  private MatchCheck() {}

  /**
   * A target may be excluded, saved or in another layer by the settings themselves, but it must be
   * there.
   *
   * @throws IllegalArgumentException naming what is not, with suggestions
   */
  static void require(AttachedAdapter a, List<NamedModule> modules) {
    List<String> paths = modules.stream().map(NamedModule::name).filter(n -> !n.isEmpty()).toList();
    List<String> adapted = new ArrayList<>(a.layers().keySet());
    adapted.addAll(a.tied().keySet());
    List<String> unmatched = a.declared().unmatched(adapted);
    if (a.layers().isEmpty() && unmatched.isEmpty()) {
      throw new IllegalArgumentException(
          "adapter '" + a.name() + "' has no targets. Modules: " + paths);
    }
    if (!a.layers().isEmpty()) {
      unmatched =
          unmatched.stream().filter(t -> paths.stream().noneMatch(p -> Names.names(t, p))).toList();
    }
    if (!unmatched.isEmpty()) {
      StringBuilder s =
          new StringBuilder("Target modules " + unmatched + " not found in the base model.");
      for (String t : unmatched) {
        String left =
            paths.stream()
                .filter(p -> Names.names(t, p))
                .findFirst()
                .map(
                    p ->
                        " '"
                            + p
                            + "' is there, but left out: "
                            + a.declared().match(p, false).outcome()
                            + ".")
                .orElse(' ' + Suggestions.didYouMean(t, paths));
        s.append(left);
      }
      throw new IllegalArgumentException(s.append(" Modules: ").append(paths).toString());
    }
    for (String also : a.alsoTargets()) {
      if (a.layers().keySet().stream().noneMatch(p -> Names.names(also, p))) {
        throw new IllegalArgumentException(
            "trainable tokens of '"
                + also
                + "': there is no such layer in the base model. "
                + Suggestions.didYouMean(also, paths));
      }
    }
    List<String> unused = a.tuner().unusedSettings(a.config(), a.layers().keySet());
    if (!unused.isEmpty()) {
      LOG.warn("adapter '{}': no layer that it adapts is named by {}", a.name(), unused);
    }
    // peft writes the heads of a task into the file whether or not the model has them
    String task = a.config().taskType();
    List<String> heads = TaskTypes.modulesToSave(task == null ? "" : task);
    for (String save : a.config().targets().modulesToSave()) {
      if (!heads.contains(save)
          && a.saved().keySet().stream().noneMatch(p -> Names.names(save, p))) {
        throw new IllegalArgumentException(
            "modulesToSave '"
                + save
                + "' not found in the base model. "
                + Suggestions.didYouMean(save, paths));
      }
    }
  }
}
