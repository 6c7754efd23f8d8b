package dev.peft4j.tuner;

import dev.peft4j.annotation.Bias;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.AdapterSelection;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.target.Names;
import dev.peft4j.target.Suggestions;
import dev.peft4j.target.TaskTypes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The adapters of one model by name, the first one active: what generated classes and {@link PeftModel#of} build on. */
public final class AdapterSet {
  /** Where the layers and modules of one adapter are given. */
  public interface Attachment {
    /**
     * Attaches the adapter to a layer.
     *
     * @param path the layer's path in the model, for example {@code layers.0.self_attn.q_proj}
     * @throws IllegalArgumentException if there is no layer, or of a type that the tuner cannot adapt
     */
    void attach(String path, @Nullable Module layer);

    /** Trains a copy of a module while the adapter is active (peft's {@code modules_to_save}). */
    void save(String path, @Nullable Module module);

    /**
     * Attaches the adapter to whatever its configuration names below a module whose parts are known only at run time, and
     * saves the modules to save there.
     *
     * @param path the module's path; empty for the whole model
     */
    void attachMatching(String path, @Nullable Module below);

    /** True if the configuration targets the module at {@code path}. */
    boolean matches(String path, Module module);

    /**
     * Attaches what is left: layers that the configuration names and that declared types do not show, such as those in a
     * subclass. Then everything that the configuration names has to be there.
     *
     * @throws IllegalArgumentException if a target or a module to save names nothing, with suggestions; the adapter is removed
     */
    void finish();
  }

  private static final Logger LOG = LoggerFactory.getLogger(AdapterSet.class);

  private final Module root;
  private final AdapterSelection selection = new AdapterSelection();
  private final SequencedMap<String, AttachedAdapter> adapters = new LinkedHashMap<>();
  private final List<AttachedAdapter> merged = new ArrayList<>();
  private final AdapterFiles files = new AdapterFiles(this);
  private final List<NamedParameter> base;
  private final List<Parameter> wereTrainable;

  private AdapterSet(Module root, List<NamedParameter> base) {
    this.root = root;
    this.base = base;
    this.wereTrainable = base.stream().map(NamedParameter::parameter).filter(Parameter::trainable).toList();
  }

  /**
   * An empty set for {@code root}, of which every parameter is frozen and gets its path as its name.
   *
   * @throws IllegalStateException if the model carries adapters already
   */
  public static AdapterSet freezing(Module root) {
    List<NamedParameter> parameters = new ArrayList<>();
    for (NamedModule m : root.namedModules()) {
      if (m.module() instanceof Adaptable layer && !layer.slot().adapters().isEmpty()) {
        throw new IllegalStateException(
            "'" + m.name() + "' carries adapters already: " + layer.slot().adapters().keySet()
                + "; add to them with adapters().addMatching(name, config), or unload() them first");
      }
      m.module().ownParameters().forEach(
          (name, p) -> parameters.add(new NamedParameter(m.name().isEmpty() ? name : m.name() + "." + name, p)));
    }
    AdapterSet set = new AdapterSet(root, List.copyOf(parameters));
    for (NamedParameter p : parameters) {
      p.parameter().freeze();
      p.parameter().variable().rename(p.name());
    }
    return set;
  }

  /**
   * Adds an adapter; its layers are given to what is returned. The first one is active.
   *
   * @throws IllegalArgumentException if the name is taken or no name for a folder
   */
  public Attachment add(String name, PeftConfig config) {
    AdapterFolder.locate(Path.of(""), name);
    if (adapters.containsKey(name)) {
      throw new IllegalArgumentException("there is an adapter named '" + name + "' already");
    }
    if (config.bias() != Bias.NONE) {
      adapters.values().stream().filter(a -> a.config().bias() != Bias.NONE).findFirst().ifPresent(
          a -> {
            throw new IllegalArgumentException(
                "adapter '" + name + "' with bias " + config.bias().configName() + ": adapter '" + a.name()
                    + "' trains biases already, at most one may");
          });
    }
    AttachedAdapter adapter = new AttachedAdapter(this, name, config);
    if (adapters.isEmpty()) {
      selection.standard(List.of(name));
    }
    adapters.put(name, adapter);
    adapter.copyAllBiases();
    return adapter;
  }

  /**
   * Adds an adapter to all that its configuration names.
   *
   * @throws IllegalArgumentException if a target or a module to save names nothing, with suggestions; nothing is attached
   */
  public void addMatching(String name, PeftConfig config) {
    add(name, config).finish();
  }

  /** Takes an adapter off again that could not be attached as a whole; without any the base is what it was. */
  void discard(String name) {
    AttachedAdapter failed = adapters.remove(name);
    if (failed != null) {
      failed.detach();
    }
    if (adapters.isEmpty()) {
      selection.standard(List.of());
      wereTrainable.forEach(Parameter::unfreeze);
    }
  }

  /** A target may be excluded, saved or in another layer by the settings themselves, but it must be there. */
  void requireAllMatched(AttachedAdapter a) {
    List<String> paths = root.namedModules().stream().map(NamedModule::name).filter(n -> !n.isEmpty()).toList();
    List<String> unmatched = a.matcher().unmatched(a.layers().keySet());
    if (!a.layers().isEmpty()) {
      unmatched =
          unmatched.stream().filter(t -> paths.stream().noneMatch(p -> Names.names(t, p))).toList();
    }
    if (!unmatched.isEmpty()) {
      StringBuilder s = new StringBuilder("Target modules " + unmatched + " not found in the base model.");
      for (String t : unmatched) {
        String left =
            paths.stream().filter(p -> Names.names(t, p)).findFirst()
                .map(p -> " '" + p + "' is there, but left out: " + a.matcher().match(p, false).outcome() + ".")
                .orElse(' ' + Suggestions.didYouMean(t, paths));
        s.append(left);
      }
      throw new IllegalArgumentException(s.append(" Modules: ").append(paths).toString());
    }
    List<String> unused = a.tuner().unusedSettings(a.config(), a.layers().keySet());
    if (!unused.isEmpty()) {
      LOG.warn("adapter '{}': no layer that it adapts is named by {}", a.name(), unused);
    }
    // peft writes the heads of a task into the file whether or not the model has them
    String task = a.config().taskType();
    List<String> heads = TaskTypes.modulesToSave(task == null ? "" : task);
    for (String save : a.config().targets().modulesToSave()) {
      if (!heads.contains(save) && a.saved().keySet().stream().noneMatch(p -> Names.names(save, p))) {
        throw new IllegalArgumentException(
            "modulesToSave '" + save + "' not found in the base model. " + Suggestions.didYouMean(save, paths));
      }
    }
  }

  /** The model that the adapters are attached to. */
  public Module root() {
    return root;
  }

  /** The names of the adapters, in the order they were added. */
  public List<String> names() {
    return List.copyOf(adapters.keySet());
  }

  /** The settings of an adapter. */
  public PeftConfig config(String name) {
    return adapter(name).config();
  }

  /** The adapters that act on a call made here. */
  public List<String> active() {
    return selection.active();
  }

  /** Makes adapters the active ones, for calls that choose none; their parameters become the trainable ones. */
  public void activate(String... names) {
    for (String n : names) {
      adapter(n);
    }
    selection.standard(List.of(names));
    adapters.values().forEach(a -> a.setTrainable(List.of(names).contains(a.name())));
  }

  /** Runs {@code body}, on this thread, with these adapters; with none it runs the base model. */
  public <T> T with(List<String> names, Supplier<T> body) {
    names.forEach(this::adapter);
    return selection.with(names, body);
  }

  /** All parameters of the adapted model under peft's names, in peft's order. */
  public List<NamedParameter> namedParameters() {
    return named().stream().map(n -> new NamedParameter(n.name(), n.parameter())).toList();
  }

  /** The parameters that receive gradients. */
  public List<Parameter> trainableParameters() {
    return named().stream().map(AdapterNames.Named::parameter).filter(Parameter::trainable).toList();
  }

  /**
   * Writes an adapter into the base weights; what it computes stays the same.
   *
   * @throws IllegalStateException if it is merged already
   * @throws ArithmeticException if a merged weight would not be finite; nothing is changed
   */
  public void merge(String name) {
    AttachedAdapter a = adapter(name);
    a.merge();
    merged.add(a);
  }

  /**
   * Undoes {@link #merge}: the base weights are bit by bit what they would be if the adapter had never been merged.
   *
   * @throws IllegalStateException if it is not merged
   */
  public void unmerge(String name) {
    AttachedAdapter a = adapter(name);
    int at = merged.indexOf(a);
    // each merge keeps what it found, so those that came later are taken off first and put back
    List<AttachedAdapter> later = List.copyOf(merged.subList(at + 1, merged.size()));
    if (at >= 0) {
      later.reversed().forEach(AttachedAdapter::unmerge);
    }
    a.unmerge();
    merged.remove(a);
    later.forEach(AttachedAdapter::merge);
  }

  /** True while the adapter is merged. */
  public boolean isMerged(String name) {
    return adapter(name).isMerged();
  }

  /** Detaches every adapter. The base keeps what is merged. */
  public void unload() {
    adapters.values().forEach(AttachedAdapter::detach);
    adapters.clear();
    merged.clear();
    selection.standard(List.of());
  }

  // ---- files -------------------------------------------------------------------------------------------------------

  /**
   * Saves an adapter as peft does; either all files are replaced or none.
   *
   * @param folder where {@code default} goes; others go to a folder of their name in it
   * @throws UncheckedIOException if it cannot be written, naming the folder and the reason
   * @throws IllegalStateException if it is merged
   */
  public void save(Path folder, String name) {
    save(folder, List.of(name));
  }

  void save(Path folder, List<String> names) {
    List<AttachedAdapter> wanted = names.stream().map(this::adapter).toList();
    for (AttachedAdapter a : wanted) {
      if (a.isMerged()) {
        throw new IllegalStateException("adapter '" + a.name() + "' is merged; unmerge() it before it is saved");
      }
    }
    try {
      for (AttachedAdapter a : wanted) {
        files.write(folder, a);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  /**
   * Replaces the weights of an adapter by those of a folder. Nothing changes unless every key fits.
   *
   * @param folder as for {@link #save}
   * @throws UncheckedIOException if the files are missing or broken
   * @throws dev.peft4j.io.StateDictException listing all missing, unexpected and mis-shaped keys
   * @throws IllegalArgumentException if the file's settings would make another model of the same weights
   * @throws IllegalStateException if the adapter is merged
   */
  public void load(Path folder, String name) {
    load(folder, List.of(name));
  }

  void load(Path folder, List<String> names) {
    SequencedMap<AttachedAdapter, Adapter> read = new LinkedHashMap<>();
    try {
      for (String name : names) {
        AttachedAdapter a = adapter(name);
        if (a.isMerged()) {
          throw new IllegalStateException("adapter '" + name + "' is merged; unmerge() it before it is loaded");
        }
        read.put(a, files.read(folder, a));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
    read.forEach(files::replace);
  }

  /** Adds an adapter from a folder, attached to what its settings name; if that fails, nothing is. */
  void addFrom(Path folder, String name) throws IOException {
    if (adapters.containsKey(name)) {
      throw new IllegalArgumentException("there is an adapter named '" + name + "' already");
    }
    try {
      Adapter file = AdapterFolder.read(folder, name);
      Tuner tuner = Tuner.of(file.config().peftType(Tuner.all().stream().map(Tuner::peftType).toList()));
      add(name, tuner.read(file.config())).attachMatching("", root);
      files.requireFits(adapter(name), file);
      files.replace(adapter(name), file);
    } catch (RuntimeException | IOException e) {
      discard(name);
      throw e;
    }
  }

  SequencedMap<String, Parameter> keys(String name) {
    SequencedMap<String, Parameter> keys = new LinkedHashMap<>();
    for (AdapterNames.Named n : named()) {
      if (name.equals(n.adapter()) && n.key() != null) {
        keys.put(n.key(), n.parameter());
      }
    }
    return keys;
  }

  private List<AdapterNames.Named> named() {
    return AdapterNames.of(root, adapters.values());
  }

  // ---- for the package ---------------------------------------------------------------------------------------------

  AdapterSelection selection() {
    return selection;
  }

  List<NamedParameter> baseParameters() {
    return base;
  }

  boolean isOutputHead(String path) {
    int dot = path.lastIndexOf('.');
    String parent = dot < 0 ? "" : path.substring(0, dot);
    for (NamedModule m : root.namedModules()) {
      if (m.name().equals(parent)) {
        return m.module().outputHeads().contains(path.substring(dot + 1));
      }
    }
    return false;
  }

  AttachedAdapter adapter(String name) {
    AttachedAdapter a = adapters.get(name);
    if (a == null) {
      throw new IllegalArgumentException("no adapter named '" + name + "'; there are " + adapters.keySet());
    }
    return a;
  }
}
