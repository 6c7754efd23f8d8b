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
 * The weights of a folder under the names that a model of a family has for them. It handles the
 * same differences as transformers: the prefix of models with a head ({@code bert.}), the names
 * that layer norms had in TensorFlow, and buffers that older releases saved.
 */
final class ModelWeights {
  private static final String POOLER = "pooler";

  /** The names of an activation's slope. */
  private static final List<String> SLOPES =
      List.of(".intermediate_act_fn.weight", ".ffn.activation.weight");

  private static final int MAX_LISTED = 10;
  private static final Log LOG = Log.of(ModelWeights.class);
  private static final Set<String> BUFFERS =
      Set.of("embeddings.position_ids", "embeddings.token_type_ids");

  private final ModelFamily family;
  private final ModelFolder folder;

  /** What the weights are held in; null for what each has in the file. */
  private final @Nullable Encoding encoding;

  /** The prefix of the names of the encoder's weights in a model with a head. */
  private final String prefix;

  /** The names in the file by canonical names: those of a model with a head. */
  private final SequencedMap<String, String> names = new LinkedHashMap<>();

  /**
   * Creates the weights in an encoding, where it applies; see {@link Module#parametersFor}.
   *
   * @param encoding null for what the file has
   */
  ModelWeights(ModelFamily family, ModelFolder folder, @Nullable Encoding encoding)
      throws FileFormatException {
    if (encoding != null && encoding.dtype().isInteger()) {
      throw new IllegalArgumentException(
          "weights cannot be " + encoding + ", needed an encoding of floating-point numbers");
    }
    this.family = family;
    this.folder = folder;
    this.encoding = encoding;
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
    load(model, _ -> false, "", _ -> false, (float) model.config().initializerRange());
  }

  /** Fills everything but the classifier, which is initialised at random. */
  void loadBelowHead(EncoderClassifier model) throws IOException {
    load(model, this::isOfHead, "", this::isOfHead, (float) model.config().initializerRange());
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
    return isIn(name, dot < 0 ? output : output.substring(0, dot));
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
   * @param std the deviation of random weights; null if there are none
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
    Set<Parameter> coded =
        encoding == null ? Set.copyOf(model.parameters()) : model.parametersFor(encoding);
    List<Storage> values = new ArrayList<>();
    for (Map.Entry<String, ModuleTensor> e : state.entrySet()) {
      String source = Objects.requireNonNull(sources.get(e.getKey()));
      boolean takes = e.getValue() instanceof Parameter p && coded.contains(p);
      values.add(folder.storage(source, takes ? encodingOf(source) : Encodings.FLOAT32));
    }
    Iterator<Storage> value = values.iterator();
    state.values().forEach(p -> p.adopt(value.next()));
    if (std != null) {
      kept.values().forEach(p -> draw(p, std));
    }
  }

  /** Returns the encoding of a weight: the one that was asked for, or that of 16 bits in the file. */
  private Encoding encodingOf(String source) throws FileFormatException {
    if (encoding != null) {
      return encoding;
    }
    return switch (folder.info(source).type()) {
      case F16 -> Encodings.FLOAT16;
      case BF16 -> Encodings.BFLOAT16;
      default -> Encodings.FLOAT32;
    };
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
    return folder.info(a).type() == folder.info(b).type()
        && folder.info(a).shape().equals(folder.info(b).shape())
        && folder.storage(a, encodingOf(a)).equalBytes(folder.storage(b, encodingOf(b)));
  }

  /** Draws matrices as in transformers; biases stay 0. */
  private static void draw(ModuleTensor p, float std) {
    if (p.shape().rank() == 2) {
      p.adopt(Initial.normal(Rng.current(), std, p.shape().toArray()).own());
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
          "has weights that are not floating-point numbers: " + String.join(", ", wrong));
    }
  }
}
