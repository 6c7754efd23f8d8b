package dev.peft4j.backend.tornado.op;

import uk.ac.manchester.tornado.api.WorkerGrid;
import uk.ac.manchester.tornado.api.WorkerGrid1D;
import uk.ac.manchester.tornado.api.WorkerGrid3D;

/** Grids of work items; kernels skip items beyond their count. */
public final class Grids {
  private static final int GROUP = 64;

  private Grids() {}

  /** Returns a grid with an item for each of many small pieces of work. */
  public static WorkerGrid items(int n) {
    return grid(n, n < GROUP ? 1 : GROUP);
  }

  /** Returns a grid with an item for each of {@code n} pieces that are loops themselves. */
  public static WorkerGrid rows(int n) {
    return grid(n, n >= 16 * GROUP ? 16 : n >= GROUP ? 4 : 1);
  }

  /** Returns a grid with an item for each position of three loops; kernels skip items beyond x. */
  static WorkerGrid box(int x, int y, int z) {
    int group = x >= GROUP ? GROUP : Integer.highestOneBit(Math.max(1, 2 * x - 1));
    WorkerGrid grid = new WorkerGrid3D((x + group - 1) / group * group, y, z);
    grid.setLocalWork(group, 1, 1);
    return grid;
  }

  private static WorkerGrid grid(int n, int group) {
    WorkerGrid grid = new WorkerGrid1D((n + group - 1) / group * group);
    grid.setLocalWork(group, 1, 1);
    return grid;
  }
}
