package dev.peft4j.nn;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Variable;
import dev.peft4j.graph.VariableGroup;
import dev.peft4j.io.StateDictCheck;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.io.WeightsFile;
import dev.peft4j.target.Names;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Parameters and buffers by their names in files, with code to load and save them. A tensor with
 * several names (tied weights) is written under the first and read under any of them.
 */
public final class ModuleState {
  /** The prefix of peft before the names in an adapted model. */
  private static final String OF_PEFT = "base_model.model.";

  private final SequencedMap<String, ModuleTensor> tensors;
  private final Map<String, String> aliases;

  private ModuleState(SequencedMap<String, ModuleTensor> tensors, Map<String, String> aliases) {
    this.tensors = tensors;
    this.aliases = aliases;
  }

  /**
   * Returns the tensors of a module and those below it, without adapters: {@code layers.0.weight}.
   */
  public static ModuleState of(Module root) {
    SequencedMap<String, ModuleTensor> all = new LinkedHashMap<>();
    walk("", root, Collections.newSetFromMap(new IdentityHashMap<>()), all);
    return of(all);
  }

  /** Returns tensors by names; if a tensor has several names, the first one is used. */
  public static ModuleState of(SequencedMap<String, ? extends ModuleTensor> named) {
    SequencedMap<String, ModuleTensor> tensors = new LinkedHashMap<>();
    Map<String, String> aliases = new LinkedHashMap<>();
    Map<ModuleTensor, String> first = new IdentityHashMap<>();
    named.forEach(
        (name, t) -> {
          String known = first.putIfAbsent(t, name);
          if (known == null) {
            tensors.put(name, t);
          } else {
            aliases.put(name, known);
          }
        });
    return new ModuleState(tensors, aliases);
  }

  private static void walk(
      String path, Module m, Set<Module> above, Map<String, ModuleTensor> into) {
    if (!above.add(m)) {
      return;
    }
    m.ownParameters().forEach((name, p) -> into.put(Names.join(path, name), p));
    m.ownBuffers().forEach((name, b) -> into.put(Names.join(path, name), b));
    m.children().forEach((name, child) -> walk(Names.join(path, name), child, above, into));
    above.remove(m);
  }

  /** Returns each tensor by its name. */
  public SequencedMap<String, ModuleTensor> tensors() {
    return Collections.unmodifiableSequencedMap(tensors);
  }

  // ---- out

  /**
   * Writes the tensors to a file.
   *
   * @param path a file that ends in {@code .safetensors}, or a folder; see {@link WeightsFile}
   * @param instead values that replace those of parameters and buffers in the file
   * @throws NonFiniteException if a parameter is not finite, naming it; nothing is written
   * @throws UncheckedIOException if it cannot be written
   */
  public void write(Path path, Map<? extends ModuleTensor, Storage> instead) {
    write(path, instead, null);
  }

  /**
   * Writes the tensors to a file, those in blocks of codes in another encoding; see {@link
   * #write(Path, Map)}.
   *
   * @param ofBlocks what blocks are written as; null to refuse them
   */
  public void write(
      Path path, Map<? extends ModuleTensor, Storage> instead, @Nullable Encoding ofBlocks) {
    VariableGroup.pinned( // of one moment, though others may train meanwhile
        () -> {
          SequencedMap<String, StoredTensor> values = new LinkedHashMap<>();
          tensors.forEach(
              (name, t) -> {
                Storage value = instead.get(t);
                Encoding stored = t.own().encoding();
                Encoding own = ofBlocks != null && stored.hasBlocks() ? ofBlocks : stored;
                value = value == null ? t.own() : value;
                value = value.encoding().equals(own) ? value : value.copyAs(own);
                values.put(name, new StoredTensor(t.shape(), value));
              });
          values.forEach(ModuleState::requireFinite);
          try {
            WeightsFile.write(path, values);
          } catch (IOException e) {
            throw unchecked(e);
          }
          return true;
        });
  }

  private static void requireFinite(String name, StoredTensor t) {
    Storage s = t.storage();
    for (long i = 0; !s.dtype().isInteger() && i < s.elements(); i++) {
      if (!Float.isFinite(s.floatAt(i))) {
        throw new NonFiniteException(
            "nothing is saved: '" + name + "' has " + s.floatAt(i) + " at element " + i);
      }
    }
  }

  // ---- in

  /**
   * Reads values from a file or folder; strictly: every tensor must be in the file with its shape,
   * and no other tensor.
   *
   * @throws UncheckedIOException if the file does not exist or is damaged
   * @throws dev.peft4j.io.StateDictException if a tensor is missing, unexpected or has another
   *     shape; nothing is changed
   */
  public void read(Path path) {
    try {
      load(path.toString(), WeightsFile.read(path));
    } catch (IOException e) {
      throw unchecked(e);
    }
  }

  /** Loads values like {@link #load(String, SequencedMap)}, if only their elements are known. */
  public void loadFlat(String from, Map<String, Storage> values) {
    SequencedMap<String, StoredTensor> shaped = new LinkedHashMap<>();
    values.forEach(
        (name, s) -> {
          ModuleTensor t = tensors.get(aliases.getOrDefault(name, name));
          Shape shape =
              t != null && t.shape().elements() == s.elements()
                  ? t.shape()
                  : Shape.of(Math.toIntExact(s.elements()));
          shaped.put(name, new StoredTensor(shape, s));
        });
    load(from, shaped);
  }

  /**
   * Replaces the values of all tensors; floating-point types are converted.
   *
   * @param from the source, for messages
   * @throws dev.peft4j.io.StateDictException if a tensor is missing, unexpected or has another
   *     shape; nothing is changed
   * @throws IllegalArgumentException if the type of a tensor does not fit, or its values overflow
   * @throws IllegalStateException if an adapter is merged into weights that would change
   */
  public void load(String from, SequencedMap<String, StoredTensor> values) {
    if (!values.isEmpty()
        && tensors.keySet().stream().noneMatch(n -> n.startsWith(OF_PEFT))
        && values.keySet().stream().allMatch(n -> n.startsWith(OF_PEFT))) {
      throw new IllegalArgumentException(
          from
              + " has weights under peft's names, such as "
              + values.firstEntry().getKey()
              + ", needed are those of a plain model, such as "
              + tensors.keySet().stream().findFirst().orElse("weight")
              + ". An adapter is loaded from its folder, by PeftModel.load(model, folder)");
    }
    SequencedMap<String, StoredTensor> byName = named(from, values);
    SequencedMap<String, Shape> expected = new LinkedHashMap<>();
    tensors.forEach((name, t) -> expected.put(name, t.shape()));
    StateDictCheck.compare(expected, WeightsFile.shapes(byName)).require(from);
    Map<ModuleTensor, Storage> next = new LinkedHashMap<>();
    List<String> mistyped = new ArrayList<>();
    tensors.forEach(
        (name, t) -> {
          StoredTensor value = byName.get(name);
          if (value != null) {
            next.put(t, value.storage());
            Storage own = t.own();
            Storage found = value.storage();
            if (own.dtype() != found.dtype()) {
              String types = found.encoding() + " found, " + own.encoding() + " needed";
              mistyped.add("\n  " + name + ": " + types);
            } else if (own.encoding().equals(Encodings.FLOAT16)
                && !found.encoding().equals(own.encoding())
                && overflows(found)) {
              mistyped.add(
                  "\n  " + name + ": values of more than 65504, the largest of " + own.encoding());
            }
          }
        });
    if (!mistyped.isEmpty()) {
      throw new IllegalArgumentException(
          from + " has tensors of another type:" + String.join("", mistyped));
    }
    replace(next);
  }

  /** Returns whether a number would become infinite as one of 16 bits. */
  private static boolean overflows(Storage s) {
    for (long i = 0; i < s.elements(); i++) {
      float value = s.floatAt(i);
      if (Float.isFinite(value)
          && !Float.isFinite(Float.float16ToFloat(Float.floatToFloat16(value)))) {
        return true;
      }
    }
    return false;
  }

  /** Returns the values by the first names of their tensors. */
  private SequencedMap<String, StoredTensor> named(
      String from, SequencedMap<String, StoredTensor> values) {
    SequencedMap<String, StoredTensor> byName = new LinkedHashMap<>();
    values.forEach(
        (name, t) -> {
          String first = aliases.getOrDefault(name, name);
          StoredTensor other = byName.putIfAbsent(first, t);
          if (other != null && !other.storage().equalBytes(t.storage())) {
            throw new IllegalArgumentException(
                from
                    + ": '"
                    + name
                    + "' and '"
                    + first
                    + "' are one tensor of the model (tied weights) and have different values");
          }
        });
    return byName;
  }

  /**
   * Replaces values, all at one moment; adapted models of which they are the base are notified.
   *
   * @throws IllegalStateException if an adapter is merged into weights that would change
   */
  public static void replace(Map<? extends ModuleTensor, Storage> values) {
    changing(
        values.keySet(),
        () -> {
          Map<Variable, Storage> byVariable = new LinkedHashMap<>();
          values.forEach(
              (t, s) -> {
                if (t instanceof Buffer b) {
                  b.drop();
                }
                byVariable.put(t.variable(), s);
              });
          Variable.setAll(byVariable);
        });
  }

  /**
   * Replaces the memory of values without copies ({@link ModuleTensor#adopt}); adapted models of
   * which they are the base are notified.
   *
   * @throws IllegalStateException if an adapter is merged into weights that would change
   */
  public static void adopt(Map<? extends ModuleTensor, Storage> values) {
    changing(values.keySet(), () -> values.forEach(ModuleTensor::adopt));
  }

  private static void changing(Set<? extends ModuleTensor> tensors, Runnable change) {
    Set<OverlaySource> above = new LinkedHashSet<>();
    tensors.forEach(t -> above.addAll(t.sources()));
    above.forEach(OverlaySource::baseChanging);
    change.run();
    above.forEach(OverlaySource::baseChanged);
  }

  private static UncheckedIOException unchecked(IOException e) {
    return new UncheckedIOException(e.getMessage(), e);
  }
}
