package dev.peft4j.graph;

import java.util.Arrays;

/**
 * A map from nodes to ints by identity, with open addressing over the nodes' ids: tracing happens
 * at every step and must be cheap.
 */
final class NodeTable {
  private long[] keys = new long[256];
  private int[] values = new int[256];
  private int size;

  /** Adds a node; returns false if it was already there. */
  boolean add(Node node) {
    int s = slot(node.id());
    if (keys[s] != 0) {
      return false;
    }
    keys[s] = node.id();
    if (++size * 2 > keys.length) {
      grow();
    }
    return true;
  }

  /** Sets the number of a node that was added. */
  void put(Node node, int value) {
    values[slot(node.id())] = value;
  }

  /** Returns the number of a node that was added. */
  int get(Node node) {
    return values[slot(node.id())];
  }

  private int slot(long id) {
    int mask = keys.length - 1;
    int s = (int) (id * 0x9E3779B97F4A7C15L >>> 40) & mask;
    while (keys[s] != 0 && keys[s] != id) {
      s = (s + 1) & mask;
    }
    return s;
  }

  private void grow() {
    long[] old = keys;
    int[] oldValues = values;
    keys = new long[old.length * 2];
    values = Arrays.copyOf(new int[0], keys.length);
    for (int i = 0; i < old.length; i++) {
      if (old[i] != 0) {
        int s = slot(old[i]);
        keys[s] = old[i];
        values[s] = oldValues[i];
      }
    }
  }
}
