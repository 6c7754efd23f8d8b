package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.target.TargetSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The layers that peft adapts in a kind of model if the settings name none: its {@code
 * TRANSFORMERS_MODELS_TO_*_MODULES_MAPPING}. The file {@code targets_by_model.json} in this package
 * has those of most tuners; one with others has a file of that name beside its class.
 */
public final class TargetsByModel {
  private static final String FILE = "targets_by_model.json";

  private TargetsByModel() {}

  /** Returns whether the settings name no layer in any of the ways there are. */
  public static boolean isLeftOpen(TargetSpec t) {
    return t.targets().isEmpty() && t.targetRegex() == null && !t.allLinear();
  }

  /**
   * Returns the same settings with the targets of a kind of model, if there are any for it. As in
   * peft, a model of that kind need not have all of them.
   *
   * @param tuner the class beside which its own file would be
   */
  public static TargetSpec of(Class<?> tuner, String modelType, TargetSpec open) {
    JsonNode found = list(tuner, "targets").path(modelType);
    if (found.isMissingNode()) {
      return open;
    }
    if (!found.isTextual()) {
      return open.withTargets(names(found)).asFromFile();
    }
    TargetSpec.Builder b =
        TargetSpec.builder()
            .targetRegex(found.textValue())
            .exclude(open.exclude().toArray(new String[0]))
            .modulesToSave(open.modulesToSave().toArray(new String[0]));
    String exclude = open.excludeRegex();
    return (exclude == null ? b : b.excludeRegex(exclude)).build().asFromFile();
  }

  /**
   * Returns the names that a list has for a kind of model; none if it does not have that kind.
   *
   * @param tuner the class beside which its own file would be
   * @param list which of the lists in the file, such as {@code targets}
   */
  public static List<String> names(Class<?> tuner, String list, String modelType) {
    return names(list(tuner, list).path(modelType));
  }

  private static List<String> names(JsonNode array) {
    List<String> names = new ArrayList<>(array.size());
    array.forEach(n -> names.add(n.textValue()));
    return names;
  }

  private static JsonNode list(Class<?> tuner, String name) {
    boolean own = tuner.getResource(FILE) != null;
    Class<?> beside = own ? tuner : TargetsByModel.class;
    try (InputStream in = Objects.requireNonNull(beside.getResourceAsStream(FILE), FILE)) {
      return new ObjectMapper().readTree(in).path(name);
    } catch (IOException e) {
      throw new UncheckedIOException(FILE, e);
    }
  }
}
