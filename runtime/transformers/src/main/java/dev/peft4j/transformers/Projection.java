package dev.peft4j.transformers;

/** The layers by which a decoder's attention projects to queries, keys and values. */
public enum Projection {
  /** By three layers. */
  SPLIT,
  /** By one layer: all queries, then all keys, then all values. */
  BLOCKS,
  /** By one layer: for each key head the queries that use it, the key and the value. */
  GROUPS
}
