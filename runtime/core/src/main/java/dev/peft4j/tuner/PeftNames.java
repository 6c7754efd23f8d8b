package dev.peft4j.tuner;

/** peft's names of an adapter's tensors, in memory and on disk. */
final class PeftNames {
  /** What the names of a model's layers start with, but for tuners that say otherwise. */
  static final String PREFIX = "base_model.model.";

  /** What the names of tensors that all layers of an adapter share start with, on disk. */
  private static final String SHARED = "base_model.";

  private PeftNames() {}

  /** Returns the name in memory of a parameter of the layer at {@code path}. */
  static String inMemory(String path, TunerLayer layer, TunerLayer.Entry e, String adapter) {
    String own = layer.inMemory(e, adapter);
    return own == null ? inMemory(path, e.group(), e.suffix(), adapter) : own;
  }

  /** Returns the name in memory of a constant of the layer at {@code path}. */
  static String inMemory(String path, TunerLayer.Constant c, String adapter) {
    return inMemory(path, c.group(), c.suffix(), adapter);
  }

  private static String inMemory(String path, String group, String suffix, String adapter) {
    return with(PREFIX + path + "." + group + "." + adapter, suffix);
  }

  /** Returns the name on disk of a parameter of the layer at {@code path}. */
  static String key(String path, TunerLayer layer, TunerLayer.Entry e) {
    String own = layer.key(e);
    return own != null
        ? own
        : with((e.shared() ? SHARED : PREFIX + path + ".") + e.group(), e.fileSuffix());
  }

  /** Returns the name on disk of a constant of the layer at {@code path}. */
  static String key(String path, TunerLayer.Constant c) {
    return with((c.shared() ? SHARED : PREFIX + path + ".") + c.group(), c.suffix());
  }

  /**
   * Returns the name in memory of an adapter's copy in the module to save at {@code path}.
   *
   * @param prefix what names of the base begin with
   */
  static String saved(String prefix, String path, String adapter, String tensor) {
    return prefix + path + ".modules_to_save." + adapter + "." + tensor;
  }

  private static String with(String name, String suffix) {
    return suffix.isEmpty() ? name : name + "." + suffix;
  }
}
