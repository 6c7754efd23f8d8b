package dev.peft4j.nn;

/** A module that consists of blocks of one kind in a row, which may be repeated. */
public interface BlockStack {
  /** Returns the number of blocks. */
  int blockCount();

  /**
   * Makes the module consist of some of its blocks: peft's {@code layer_replication}. Each place
   * gets a block of its own that shares the parameters of the one that it stands for, so that
   * adapters of different places are different.
   *
   * @param order for each place the index of a present block; at least one
   * @throws IndexOutOfBoundsException if there is no such block
   * @throws UnsupportedOperationException if blocks hold parameters in layers that cannot share
   *     them
   */
  void arrange(int... order);

  /**
   * Lets a new block compute with the parameters of another one of the same structure.
   *
   * @throws UnsupportedOperationException if a module other than a {@link WeightedLayer} holds
   *     parameters
   */
  static void share(Module block, Module original) {
    var originals = original.namedModules();
    var copies = block.namedModules();
    for (int i = 0; i < copies.size(); i++) {
      Module copy = copies.get(i).module();
      if (copy instanceof WeightedLayer layer) {
        layer.shareWith((WeightedLayer) originals.get(i).module());
      } else if (!copy.ownParameters().isEmpty()) {
        throw new UnsupportedOperationException(
            "a block cannot be repeated: '"
                + copies.get(i).name()
                + "', a "
                + copy.getClass().getSimpleName()
                + ", holds parameters and is not a WeightedLayer");
      }
    }
  }
}
