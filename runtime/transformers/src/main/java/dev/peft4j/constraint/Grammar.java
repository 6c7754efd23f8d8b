package dev.peft4j.constraint;

import java.util.Arrays;

/**
 * Rules over bytes: each is a nondeterministic automaton whose edges read a byte, nothing, or what
 * another rule describes.
 */
final class Grammar {
  /** More than any distance that is one. */
  static final int FAR = 1 << 29;

  /** For each state: first byte, last byte and target of its edges. */
  final int[][] bytes;

  /** For each state: where it leads without a byte. */
  final int[][] free;

  /** For each state: the state at which the rule begins that it calls; -1 for none. */
  final int[] call;

  /** For each state: where it goes on behind that rule. */
  final int[] back;

  /** For each state: whether its rule may end there. */
  final boolean[] end;

  final int start;

  /** For each state: the least number of bytes to the end of its rule. */
  final int[] distance;

  /** For each state: how many rules in one another its shortest end needs at least. */
  final int[] depth;

  Grammar(int[][] bytes, int[][] free, int[] call, int[] back, boolean[] end, int start) {
    this.bytes = bytes;
    this.free = free;
    this.call = call;
    this.back = back;
    this.end = end;
    this.start = start;
    this.distance = new int[end.length];
    this.depth = new int[end.length];
    Arrays.fill(distance, FAR);
    Arrays.fill(depth, FAR);
    boolean changed = true;
    while (changed) { // backwards, since states mostly lead to later ones
      changed = false;
      for (int s = end.length - 1; s >= 0; s--) {
        changed |= measure(s);
      }
    }
  }

  private boolean measure(int s) {
    int near = end[s] ? 0 : FAR;
    int flat = end[s] ? 0 : FAR;
    for (int e = 0; e < bytes[s].length; e += 3) {
      near = Math.min(near, 1 + distance[bytes[s][e + 2]]);
      flat = Math.min(flat, depth[bytes[s][e + 2]]);
    }
    for (int to : free[s]) {
      near = Math.min(near, distance[to]);
      flat = Math.min(flat, depth[to]);
    }
    if (call[s] >= 0) {
      near = Math.min(near, distance[call[s]] + distance[back[s]]);
      flat = Math.min(flat, Math.max(1 + depth[call[s]], depth[back[s]]));
    }
    boolean better = near < distance[s] || flat < depth[s];
    distance[s] = Math.min(near, FAR);
    depth[s] = Math.min(flat, FAR);
    return better;
  }

  /** Returns whether there is a text at all. */
  boolean isEmpty() {
    return distance[start] >= FAR;
  }

  int size() {
    return end.length;
  }
}
