package dev.peft4j.spark;

import dev.peft4j.Peft4jException;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The folders of a model that predicts, as they travel.
 *
 * @param kind what it gives
 */
record PredictorFolders(
    String model, @Nullable String adapter, PredictionKind kind, PredictionSettings settings)
    implements Serializable {
  private static final long serialVersionUID = 1L;

  /** Models that a process keeps. */
  private static final int KEPT = 4;

  private static final Map<PredictorFolders, Predictor> LOADED =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<PredictorFolders, Predictor> eldest) {
          return size() > KEPT;
        }
      };

  static PredictorFolders of(Path model, @Nullable Path adapter, PredictionSettings settings)
      throws IOException {
    return new PredictorFolders(
        model.toString(),
        adapter == null ? null : adapter.toString(),
        PredictionKind.of(model, adapter),
        settings);
  }

  /**
   * Returns the model, one in a process.
   *
   * @throws SparkTrainingException if it cannot be loaded here, naming the host
   */
  Predictor predictor() {
    synchronized (LOADED) {
      return LOADED.computeIfAbsent(this, PredictorFolders::load);
    }
  }

  private Predictor load() {
    try {
      return Predictor.load(
          Path.of(model), adapter == null ? null : Path.of(adapter), kind, settings);
    } catch (IOException e) {
      throw refused(e);
    } catch (UncheckedIOException | Peft4jException | IllegalArgumentException e) {
      throw refused(e);
    }
  }

  private SparkTrainingException refused(Exception e) {
    return new SparkTrainingException(
        ExecutorModel.here()
            + " cannot load "
            + model
            + (adapter == null ? "" : " with the adapter " + adapter)
            + ": "
            + e.getMessage(),
        e);
  }
}
