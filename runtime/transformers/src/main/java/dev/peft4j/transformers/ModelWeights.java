package dev.peft4j.transformers;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.log.Log;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.Parameter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a folder under the names that a model of a family has for them. Evens out what
 * transformers evens out: the prefix of models with a head ({@code bert.}), the names that layer
 * norms had in TensorFlow, and buffers that older releases saved.
 */
final class ModelWeights {
  private static final String POOLER = "pooler";

  /** The slope of an activation that has one. */
  private static final List<String> SLOPES =
      List.of(".intermediate_act_fn.weight", ".ffn.activation.weight");

  private static final int MAX_LISTED = 10;
  private static final Log LOG = Log.of(ModelWeights.class);
  private static final Set<String> BUFFERS =
      Set.of("embeddings.position_ids", "embeddings.token_type_ids");

  private final ModelFamily family;
  private final ModelFolder folder;
  private final Encoding encoding;

  /** What the names of the encoder's weights begin with in a model with a head. */
  private final String prefix;

  /** File's names by canonical names: those of a model with a head. */
  private final SequencedMap<String, String> names = new LinkedHashMap<>();

  /** The weights in an encoding, those that it is for; see {@link Module#parametersFor}. */
  ModelWeights(ModelFamily family, ModelFolder folder, Encoding encoding)
      throws FileFormatException {
    if (encoding.dtype().isInteger()) {
      throw new IllegalArgumentException(
          "weights cannot be " + encoding + ", needed an encoding of floating-point numbers");
    }
    this.family = family;
    this.folder = folder;
    this.encoding = encoding;
    this.prefix = family.prefix() + ".";
    boolean prefixed = folder.names().stream().anyMatch(n -> n.startsWith(prefix));
    for (String name : folder.names()) {
      String canonical = canonical(name, prefixed);
      boolean skipped =
          BUFFERS.contains(withoutPrefix(canonical))
              || family.foreignHeads().stream().anyMatch(canonical::startsWith);
      if (!skipped) {
        String twin = names.put(canonical, name);
        if (twin != null) {
          throw new FileFormatException(
              folder.folder(), "has both " + twin + " and " + name + ", which are the same weight");
        }
      }
    }
  }

  private String canonical(String name, boolean prefixed) {
    String s = name;
    if (s.endsWith("LayerNorm.gamma")) {
      s = s.substring(0, s.length() - "gamma".length()) + "weight";
    } else if (s.endsWith("LayerNorm.beta")) {
      s = s.substring(0, s.length() - "beta".length()) + "bias";
    }
    boolean encoder = family.parts().stream().anyMatch(part -> isIn(name, part));
    return !prefixed && encoder ? prefix + s : s;
  }

  private String withoutPrefix(String canonical) {
    return canonical.startsWith(prefix) ? canonical.substring(prefix.length()) : canonical;
  }

  private static boolean isIn(String name, String layer) {
    return name.startsWith(layer + ".");
  }

  private static boolean isSlope(String name) {
    return SLOPES.stream().anyMatch(name::endsWith);
  }

  private boolean has(String layer) {
    return names.keySet().stream().anyMatch(n -> isIn(n, layer));
  }

  boolean hasPooler() {
    return has(prefix + POOLER);
  }

  /** The layers of a sequence classifier that the folder has nothing of, besides the classifier. */
  List<String> missingBetween() {
    return family.betweenLayers().stream().filter(l -> !has(l)).toList();
  }

  /** The same, as they are called in the encoder, or beside it. */
  List<String> newLayers() {
    return missingBetween().stream().map(this::withoutPrefix).toList();
  }

  /** Fills an encoder; the heads that the folder has are not its. */
  void loadEncoder(Encoder model) throws IOException {
    load(model, n -> isOfHead(n) || isOutsideBetween(n), prefix, _ -> false, null);
  }

  /** Fills a model with head of one's own; what the folder lacks and may lack stays as it is. */
  void loadOwn(Module model) throws IOException {
    load(model, _ -> false, "", _ -> false, null);
  }

  /** Fills a model with head; what the folder lacks and may lack is drawn. */
  void loadWhole(EncoderClassifier model) throws IOException {
    load(model, _ -> false, "", _ -> false, (float) model.config().initializerRange());
  }

  /** Fills everything but the classifier, which is drawn. */
  void loadBelowHead(EncoderClassifier model) throws IOException {
    load(model, this::isOfHead, "", this::isOfHead, (float) model.config().initializerRange());
  }

  /** True for weights of a layer between encoder and classifier that is no part of the encoder. */
  private boolean isOutsideBetween(String name) {
    return !name.startsWith(prefix)
        && family.betweenLayers().stream().anyMatch(layer -> isIn(name, layer));
  }

  /** True for weights of the classifier: its one layer, or all of them. */
  private boolean isOfHead(String name) {
    String output = family.outputLayer();
    int dot = output.indexOf('.');
    return isIn(name, dot < 0 ? output : output.substring(0, dot));
  }

  /** True for what stays as it was made if the checkpoint has nothing of it. */
  private boolean mayLack(String name) {
    return missingBetween().stream().anyMatch(l -> isIn(name, l))
        || name.startsWith(prefix + POOLER + ".") && !hasPooler()
        || isSlope(name) && !names.containsKey(name);
  }

  /**
   * Checks everything, then replaces the values.
   *
   * @param ignored canonical names that the folder may have and the model need not
   * @param above what canonical names have in front of the model's names
   * @param renewed names of the model that the folder's values do not count for
   * @param std the deviation of what is drawn; null if nothing is
   */
  private void load(
      Module model,
      Predicate<String> ignored,
      String above,
      Predicate<String> renewed,
      @Nullable Float std)
      throws IOException {
    SequencedMap<String, ModuleTensor> state = model.stateDict();
    List<String> lacking = state.keySet().stream().filter(n -> mayLack(above + n)).toList();
    SequencedMap<String, ModuleTensor> kept = new LinkedHashMap<>(state);
    kept.keySet().removeIf(n -> !renewed.test(n) && !lacking.contains(n));
    state.keySet().removeAll(kept.keySet());
    SequencedMap<String, Shape> expected = new LinkedHashMap<>();
    state.forEach((name, p) -> expected.put(name, p.shape()));
    SequencedMap<String, Shape> found = new LinkedHashMap<>();
    SequencedMap<String, String> sources = new LinkedHashMap<>();
    for (Map.Entry<String, String> e : names.entrySet()) {
      String name = e.getKey();
      if (!ignored.test(name)) {
        String own = name.startsWith(above) ? name.substring(above.length()) : name;
        found.put(own, folder.info(e.getValue()).shape());
        sources.put(own, e.getValue());
      }
    }
    StateDictCheck check = StateDictCheck.compare(expected, found);
    check.requireExpected(folder.folder() + hint(check));
    sources.keySet().retainAll(expected.keySet());
    requireFloats(sources);
    warn(lacking, check.unexpected());
    Set<Parameter> coded = model.parametersFor(encoding);
    List<Storage> values = new ArrayList<>();
    for (Map.Entry<String, ModuleTensor> e : state.entrySet()) {
      String source = Objects.requireNonNull(sources.get(e.getKey()));
      boolean takes = e.getValue() instanceof Parameter p && coded.contains(p);
      values.add(folder.storage(source, takes ? encoding : Encodings.FLOAT32));
    }
    Iterator<Storage> value = values.iterator();
    state.values().forEach(p -> p.adopt(value.next()));
    if (std != null) {
      kept.values().forEach(p -> draw(p, std));
    }
  }

  /** Matrices are drawn as transformers draws them; biases are 0 as they were made. */
  private static void draw(ModuleTensor p, float std) {
    if (p.shape().rank() == 2) {
      p.adopt(Initial.normal(Rng.current(), std, p.shape().toArray()).own());
    }
  }

  /** What transformers says too: layers that are new, and weights that are for nothing. */
  private void warn(List<String> drawn, List<String> unused) {
    if (!drawn.isEmpty()) {
      boolean between = drawn.stream().noneMatch(ModelWeights::isSlope);
      (between ? NewLayers.LOG : LOG)
          .warn(
              "{}: has no {}; new ones are drawn. An adapter that is trained has to save them"
                  + " (modules_to_save; 'peft4j train' does so), one that is loaded has to bring"
                  + " them",
              folder.folder(),
              listed(drawn));
    }
    if (!unused.isEmpty()) {
      LOG.warn(
          "{}: weights that the model does not use ({}): {}",
          folder.folder(),
          unused.size(),
          listed(unused));
    }
  }

  private static String listed(List<String> names) {
    String first =
        names.stream().limit(MAX_LISTED).map(JsonPart::shortened).collect(Collectors.joining(", "));
    int more = names.size() - MAX_LISTED;
    return more > 0 ? first + " and " + more + " more" : first;
  }

  private String hint(StateDictCheck check) {
    boolean onlyHead =
        check.misshaped().isEmpty()
            && !check.missing().isEmpty()
            && check.missing().stream().allMatch(this::isOfHead);
    return onlyHead
        ? ", which has no classifier (with the labels, or their number, given a new one is made),"
        : "";
  }

  private void requireFloats(Map<String, String> sources) throws FileFormatException {
    List<String> wrong = new ArrayList<>();
    for (String name : sources.values()) {
      if (!folder.info(name).type().isFloat()) {
        wrong.add(name + " " + folder.info(name).type());
      }
    }
    if (!wrong.isEmpty()) {
      throw new FileFormatException(
          folder.folder(),
          "has weights that are no floating-point numbers: " + String.join(", ", wrong));
    }
  }
}
