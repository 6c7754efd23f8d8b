package dev.peft4j.transformers;

import dev.peft4j.checkpoint.WeightSource;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.log.Log;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.ModuleState;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.Parameter;
import java.io.IOException;
import java.util.ArrayList;
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
 * The weights of a folder under the names that a model of a family has for them. It handles the
 * same differences as transformers: the prefix of models with a head ({@code bert.}), the names
 * that layer norms had in TensorFlow, and buffers that older releases saved.
 */
final class ModelWeights {
  private static final String POOLER = "pooler";

  /** The names of an activation's slope. */
  private static final List<String> SLOPES =
      List.of(".intermediate_act_fn.weight", ".activation.weight", ".act.weight");

  private static final int MAX_LISTED = 10;
  private static final Log LOG = Log.of(ModelWeights.class);
  private static final Set<String> BUFFERS =
      Set.of("embeddings.position_ids", "embeddings.token_type_ids");

  private final ModelFamily family;
  private final WeightSource folder;

  /** What the weights are held in. */
  private final Held held;

  /** The prefix of the names of the encoder's weights in a model with a head. */
  private final String prefix;

  /** The names in the file by canonical names: those of a model with a head. */
  private final SequencedMap<String, String> names = new LinkedHashMap<>();

  /**
   * Creates the weights.
   *
   * @param held what they are held in
   */
  ModelWeights(ModelFamily family, WeightSource folder, Held held) throws FileFormatException {
    this.family = family;
    this.folder = folder;
    this.held = held;
    this.prefix = family.prefix() + ".";
    boolean prefixed = folder.names().stream().anyMatch(n -> n.startsWith(prefix));
    for (String name : folder.names()) {
      String own = family.nameOf(name);
      if (own == null) {
        continue;
      }
      String canonical = canonical(own, prefixed);
      boolean skipped =
          BUFFERS.contains(withoutPrefix(canonical))
              || family.foreignHeads().stream().anyMatch(canonical::startsWith);
      if (!skipped) {
        String twin = names.put(canonical, name);
        if (twin != null) {
          throw new FileFormatException(
              folder.path(), "has both " + twin + " and " + name + ", which are the same weight");
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

  /**
   * Returns the layers of a sequence classifier, besides the classifier, for which the folder has
   * no weights.
   */
  List<String> missingBetween() {
    return family.betweenLayers().stream().filter(l -> !has(l)).toList();
  }

  /** Returns the same layers by their names in the encoder, or beside it. */
  List<String> newLayers() {
    return missingBetween().stream().map(this::withoutPrefix).toList();
  }

  /** Fills an encoder; heads in the folder are ignored. */
  void loadEncoder(Encoder model) throws IOException {
    load(model, n -> isOfHead(n) || isOutsideBetween(n), prefix, _ -> false, null);
  }

  /** Fills a user's model with a head; optional weights that the folder lacks stay as they are. */
  void loadOwn(Module model) throws IOException {
    load(model, _ -> false, "", _ -> false, null);
  }

  /**
   * Fills a model with a head; optional weights that the folder lacks are initialised at random.
   */
  void loadWhole(EncoderClassifier model) throws IOException {
    load(model, _ -> false, "", _ -> false, model.config());
  }

  /** Fills everything but the classifier, which is initialised at random. */
  void loadBelowHead(EncoderClassifier model) throws IOException {
    load(model, this::isOfHead, "", this::isOfHead, model.config());
  }

  /**
   * Returns whether a weight belongs to a layer between encoder and classifier that is not a part
   * of the encoder.
   */
  private boolean isOutsideBetween(String name) {
    return !name.startsWith(prefix)
        && family.betweenLayers().stream().anyMatch(layer -> isIn(name, layer));
  }

  /** Returns whether a weight belongs to the classifier: its one layer, or all of them. */
  private boolean isOfHead(String name) {
    String output = family.outputLayer();
    int dot = output.indexOf('.');
    return isIn(name, dot < 0 ? output : output.substring(0, dot))
        || family instanceof DecoderFamily d && isIn(name, d.tokenOutputLayer());
  }

  /** Returns whether a weight of a decoder belongs to a head that the model does not have. */
  private boolean isOfOtherHead(String name, Module model) {
    if (!(family instanceof DecoderFamily)) {
      return false;
    }
    boolean classifies = model instanceof Encoder || model instanceof EncoderClassifier;
    boolean predicts = model instanceof CausalLm;
    return classifies && isIn(name, DecoderPart.HEAD.usualName()) || predicts && isOfHead(name);
  }

  /** Returns whether a weight stays as it is if the checkpoint does not have it. */
  private boolean mayLack(String name) {
    return missingBetween().stream().anyMatch(l -> isIn(name, l))
        || name.startsWith(prefix + POOLER + ".") && !hasPooler()
        || isSlope(name) && !names.containsKey(name);
  }

  /**
   * Checks everything, then replaces the values.
   *
   * @param ignored canonical names in the folder that the model may lack
   * @param above the prefix of canonical names before the model's names
   * @param renewed names of the model for which the folder's values are ignored
   * @param config the settings of a model whose renewed and lacking weights are drawn; null if they
   *     stay as they are
   */
  private void load(
      Module model,
      Predicate<String> ignored,
      String above,
      Predicate<String> renewed,
      @Nullable EncoderConfig config)
      throws IOException {
    // not stateDict(), which has the names and the weights of adapters if the model has any
    SequencedMap<String, ModuleTensor> state = new LinkedHashMap<>(ModuleState.of(model).tensors());
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
      if (!ignored.test(name) && !isOfOtherHead(name, model)) {
        String own = name.startsWith(above) ? name.substring(above.length()) : name;
        found.put(own, folder.shape(e.getValue()));
        sources.put(own, e.getValue());
      }
    }
    StateDictCheck check = StateDictCheck.compare(expected, found);
    check.requireExpected(folder.path() + hint(check));
    sources.keySet().retainAll(expected.keySet());
    requireFloats(sources);
    warn(
        lacking,
        check.unexpected().stream()
            .filter(n -> family.ignored().stream().noneMatch((above + n)::startsWith))
            .toList());
    Held.Chooser chooser = held.of(model);
    Map<ModuleTensor, Storage> values = new LinkedHashMap<>();
    for (Map.Entry<String, ModuleTensor> e : state.entrySet()) {
      String source = Objects.requireNonNull(sources.get(e.getKey()));
      Encoding own = folder.encoding(source);
      boolean weight = e.getValue() instanceof Parameter;
      values.put(
          e.getValue(),
          folder.storage(
              source, weight ? chooser.choose((Parameter) e.getValue(), own) : Encodings.FLOAT32));
    }
    ModuleState.adopt(values);
    if (config != null) {
      kept.forEach((name, p) -> draw(name, p, config));
    }
  }

  /**
   * Returns the settings with the tying of the files: if they hold an output layer that is not the
   * embedding, it is not tied whatever the settings say, and if they hold only the output layer it
   * is the embedding too.
   */
  DecoderConfig tied(DecoderConfig config) throws IOException {
    if (!config.tied()) {
      return config;
    }
    DecoderStyle style = config.style();
    String head = style.name(DecoderPart.HEAD) + ".weight";
    String table = prefix + style.name(DecoderPart.EMBEDDING) + ".weight";
    String headFile = names.get(head);
    String tableFile = names.get(table);
    if (headFile != null && tableFile != null && !same(headFile, tableFile)) {
      return config.toBuilder().tied(false).build();
    }
    names.remove(head);
    if (headFile != null && tableFile == null) {
      names.put(table, headFile);
    }
    return config;
  }

  private boolean same(String a, String b) throws IOException {
    Encoding own = folder.encoding(a);
    return folder.type(a).equals(folder.type(b))
        && folder.shape(a).equals(folder.shape(b))
        && folder.storage(a, own).equalBytes(folder.storage(b, own));
  }

  /** Draws matrices as in transformers; biases stay 0. */
  private void draw(String name, ModuleTensor p, EncoderConfig config) {
    if (p.shape().rank() == 2) {
      String layer = name.substring(0, name.lastIndexOf('.'));
      p.adopt(family.init(layer, config).weight(p.shape().dim(0), p.shape().dim(1)).own());
    }
  }

  /** Warns as transformers does: of new layers and of unused weights. */
  private void warn(List<String> drawn, List<String> unused) {
    if (!drawn.isEmpty()) {
      boolean between = drawn.stream().noneMatch(ModelWeights::isSlope);
      (between ? NewLayers.LOG : LOG)
          .warn(
              "{}: has no {}; new ones are drawn. An adapter that is trained has to save them"
                  + " (modules_to_save; 'peft4j train' does so), one that is loaded has to bring"
                  + " them",
              folder.path(),
              listed(drawn));
    }
    if (!unused.isEmpty()) {
      LOG.warn(
          "{}: weights that the model does not use ({}): {}",
          folder.path(),
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
      if (!folder.isFloat(name)) {
        wrong.add(name + " " + folder.type(name));
      }
    }
    if (!wrong.isEmpty()) {
      throw new FileFormatException(
          folder.path(),
          "has weights that are not floating-point numbers: " + String.join(", ", wrong));
    }
  }
}
