package dev.peft4j.transformers;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.log.Log;
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

/**
 * The weights of a folder under the names that a model has for them. Evens out what transformers
 * evens out: the prefix {@code bert.} of models with a head, the names that layer norms had in
 * TensorFlow, and buffers that older releases saved.
 */
final class BertCheckpoint {
  private static final String PREFIX = "bert.";
  private static final String HEAD = "classifier.";
  private static final String POOLER = "pooler.";

  /** The slope of an activation that has one. */
  private static final String SLOPE = ".intermediate_act_fn.weight";

  private static final int MOST_LISTED = 10;
  private static final Log LOG = Log.of(BertCheckpoint.class);
  private static final Set<String> BUFFERS =
      Set.of("embeddings.position_ids", "embeddings.token_type_ids");

  /** Heads that checkpoints bring along and that belong to other models. */
  private static final List<String> FOREIGN_HEADS = List.of("cls.", "qa_outputs.");

  private final ModelFolder folder;
  private final Encoding encoding;

  /** File's names by canonical names: those of a model whose encoder is called {@code bert}. */
  private final SequencedMap<String, String> names = new LinkedHashMap<>();

  /** The weights as float32. */
  BertCheckpoint(ModelFolder folder) throws FileFormatException {
    this(folder, Encodings.FLOAT32);
  }

  /** The weights in an encoding, those that it is for; see {@link Module#parametersFor}. */
  BertCheckpoint(ModelFolder folder, Encoding encoding) throws FileFormatException {
    if (encoding.dtype().isInteger()) {
      throw new IllegalArgumentException(
          "weights cannot be " + encoding + ", needed an encoding of floating-point numbers");
    }
    this.folder = folder;
    this.encoding = encoding;
    boolean prefixed = folder.names().stream().anyMatch(n -> n.startsWith(PREFIX));
    for (String name : folder.names()) {
      String canonical = canonical(name, prefixed);
      boolean skipped =
          BUFFERS.contains(canonical.substring(canonical.startsWith(PREFIX) ? PREFIX.length() : 0))
              || FOREIGN_HEADS.stream().anyMatch(canonical::startsWith);
      if (!skipped) {
        String twin = names.put(canonical, name);
        if (twin != null) {
          throw new FileFormatException(
              folder.folder(), "has both " + twin + " and " + name + ", which are the same weight");
        }
      }
    }
  }

  private static String canonical(String name, boolean prefixed) {
    String s = name;
    if (s.endsWith("LayerNorm.gamma")) {
      s = s.substring(0, s.length() - "gamma".length()) + "weight";
    } else if (s.endsWith("LayerNorm.beta")) {
      s = s.substring(0, s.length() - "beta".length()) + "bias";
    }
    boolean encoder =
        s.startsWith("embeddings.") || s.startsWith("encoder.") || s.startsWith("pooler.");
    return !prefixed && encoder ? PREFIX + s : s;
  }

  boolean hasPooler() {
    return names.keySet().stream().anyMatch(n -> n.startsWith(PREFIX + POOLER));
  }

  /** Fills an encoder; the heads that the folder has are not its. */
  void loadEncoder(BertModel model) throws IOException {
    load(model, n -> n.startsWith(HEAD), PREFIX, _ -> false);
  }

  /** Fills a model with head, whose names are the folder's. */
  void loadWhole(Module model) throws IOException {
    load(model, _ -> false, "", _ -> false);
  }

  /** Fills everything but the classifier, which stays as it is. */
  void loadBelowHead(Module model) throws IOException {
    load(model, n -> n.startsWith(HEAD), "", n -> n.startsWith(HEAD));
  }

  /** True for what stays as it was drawn if the checkpoint has nothing of it. */
  private boolean isDrawn(String name) {
    boolean pooler = name.startsWith(PREFIX + POOLER) && !hasPooler();
    return pooler || name.endsWith(SLOPE) && !names.containsKey(name);
  }

  /**
   * Checks everything, then replaces the values.
   *
   * @param ignored canonical names that the folder may have and the model need not
   * @param prefix what canonical names have in front of the model's names
   * @param kept names of the model that keep their values
   */
  private void load(Module model, Predicate<String> ignored, String prefix, Predicate<String> kept)
      throws IOException {
    SequencedMap<String, ModuleTensor> state = model.stateDict();
    List<String> drawn = state.keySet().stream().filter(n -> isDrawn(prefix + n)).toList();
    state.keySet().removeIf(kept.or(drawn::contains));
    SequencedMap<String, Shape> expected = new LinkedHashMap<>();
    state.forEach((name, p) -> expected.put(name, p.shape()));
    SequencedMap<String, Shape> found = new LinkedHashMap<>();
    SequencedMap<String, String> sources = new LinkedHashMap<>();
    for (Map.Entry<String, String> e : names.entrySet()) {
      String name = e.getKey();
      if (!ignored.test(name)) {
        String own = name.startsWith(prefix) ? name.substring(prefix.length()) : name;
        found.put(own, folder.info(e.getValue()).shape());
        sources.put(own, e.getValue());
      }
    }
    StateDictCheck check = StateDictCheck.compare(expected, found);
    check.requireExpected(folder.folder() + hint(check));
    sources.keySet().retainAll(expected.keySet());
    requireFloats(sources);
    warn(drawn, check.unexpected());
    Set<Parameter> coded = model.parametersFor(encoding);
    List<Storage> values = new ArrayList<>();
    for (Map.Entry<String, ModuleTensor> e : state.entrySet()) {
      String source = Objects.requireNonNull(sources.get(e.getKey()));
      boolean takes = e.getValue() instanceof Parameter p && coded.contains(p);
      values.add(folder.storage(source, takes ? encoding : Encodings.FLOAT32));
    }
    Iterator<Storage> value = values.iterator();
    state.values().forEach(p -> p.adopt(value.next()));
  }

  /** What transformers says too: layers that are new, and weights that are for nothing. */
  private void warn(List<String> drawn, List<String> unused) {
    if (!drawn.isEmpty()) {
      boolean pooler = drawn.stream().allMatch(n -> n.contains(POOLER));
      (pooler ? NewPooler.LOG : LOG)
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
        names.stream()
            .limit(MOST_LISTED)
            .map(JsonPart::shortened)
            .collect(Collectors.joining(", "));
    int more = names.size() - MOST_LISTED;
    return more > 0 ? first + " and " + more + " more" : first;
  }

  private static String hint(StateDictCheck check) {
    boolean onlyHead =
        check.misshaped().isEmpty()
            && !check.missing().isEmpty()
            && check.missing().stream().allMatch(n -> n.startsWith(HEAD));
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
