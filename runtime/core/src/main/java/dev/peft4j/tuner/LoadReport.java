package dev.peft4j.tuner;

import java.util.List;

/**
 * The outcome of loading the weights in a file with an adapter.
 *
 * @param missing keys that the adapter has and the file has not, in the model's order; their
 *     parameters keep their values
 * @param unexpected keys that the file has and the adapter has not, in the file's order; they are
 *     ignored
 */
public record LoadReport(List<String> missing, List<String> unexpected) {
  /** Copies the lists. */
  public LoadReport {
    missing = List.copyOf(missing);
    unexpected = List.copyOf(unexpected);
  }

  /** Returns whether every key has its counterpart. */
  public boolean isComplete() {
    return missing.isEmpty() && unexpected.isEmpty();
  }
}
