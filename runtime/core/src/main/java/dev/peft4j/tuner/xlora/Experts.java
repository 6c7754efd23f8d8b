package dev.peft4j.tuner.xlora;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tuner.PatternMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The LoRA adapters that are mixed, as their folders have them. */
final class Experts {
  /**
   * What an expert adds to a layer: scale · B·A·x.
   *
   * @param a (r, in)
   * @param b (out, r)
   */
  record Term(Parameter a, Parameter b, float scale) {}

  private static final String PREFIX = "base_model.model.";
  private static final String A = ".lora_A.weight";
  private static final String B = ".lora_B.weight";

  /** Settings of LoRA that would make another sum. */
  private static final List<String> OTHERS =
      List.of("use_dora", "use_bdlora", "lora_bias", "alora_invocation_tokens", "arrow_config");

  private final List<Map<String, Term>> all = new ArrayList<>();
  private int attached;

  private Experts() {}

  static Experts read(XloraConfig config) {
    Experts experts = new Experts();
    for (XloraConfig.Expert e : config.experts()) {
      try {
        experts.all.add(terms(AdapterFolder.read(e.folder())));
      } catch (IOException x) {
        throw new UncheckedIOException(x.getMessage(), x);
      }
    }
    return experts;
  }

  private static Map<String, Term> terms(Adapter file) throws IOException {
    AdapterConfig config = file.config();
    config.peftType(List.of("LORA"));
    for (String key : OTHERS) {
      JsonNode value = config.get(key);
      if (!value.isMissingNode()
          && !value.isNull()
          && !value.equals(config.get(""))
          && isOn(value)) {
        throw config.wrong(key, value, "nothing: X-LoRA mixes plain LoRA adapters");
      }
    }
    double alpha = config.number("lora_alpha", 8);
    PatternMap<Double> alphas = PatternMap.of(config.numbers("alpha_pattern"));
    boolean root = config.flag("use_rslora", false);
    Map<String, Term> terms = new LinkedHashMap<>();
    for (String key : file.tensors().keySet()) {
      if (!key.startsWith(PREFIX) || !key.endsWith(A)) {
        if (!key.endsWith(B)) {
          throw new IOException(
              file.weightsFile() + " has " + key + ": X-LoRA mixes LoRA of linear layers alone");
        }
        continue;
      }
      String path = key.substring(PREFIX.length(), key.length() - A.length());
      StoredTensor a = file.tensors().get(key);
      StoredTensor b = file.tensors().get(PREFIX + path + B);
      if (a == null || b == null || a.shape().rank() != 2 || b.shape().rank() != 2) {
        throw new IOException(
            file.weightsFile()
                + ": the two matrices of "
                + path
                + " are not there, or no matrices");
      }
      int r = a.shape().dim(0);
      double scale = alphas.valueFor(path, alpha) / (root ? Math.sqrt(r) : r);
      terms.put(path, new Term(parameter(a), parameter(b), (float) scale));
    }
    return terms;
  }

  private static boolean isOn(JsonNode value) {
    return value.isBoolean() ? value.booleanValue() : true;
  }

  private static Parameter parameter(StoredTensor t) {
    return new Parameter(t.storage(), t.shape());
  }

  /** Returns the paths of the layers that any of them adapts. */
  Set<String> paths() {
    Set<String> paths = new LinkedHashSet<>();
    all.forEach(e -> paths.addAll(e.keySet()));
    return paths;
  }

  /** Returns what each of them adds to a layer; null for one that does not adapt it. */
  List<@Nullable Term> at(String path) {
    List<@Nullable Term> found = new ArrayList<>();
    all.forEach(e -> found.add(e.get(path)));
    return found;
  }

  /** Returns the index of a layer that is attached, in the order that they are. */
  int next() {
    return attached++;
  }
}
