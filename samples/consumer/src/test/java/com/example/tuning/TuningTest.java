package com.example.tuning;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningTest {
  @Test
  void whatIsTrainedIsSaved(@TempDir Path folder) {
    Tuning.main(new String[] {folder.toString(), "20"});
    ClassifierPeft model = Tuning.model();
    List<Tuning.Batch> batches = List.of(Tuning.batch(0), Tuning.batch(1));
    double before = Tuning.accuracy(model, batches);
    model.load(folder.resolve("adapter"));
    assertTrue(Tuning.accuracy(model, batches) > Math.max(0.8, before));

    float[] adapted = model.forward(batches.getFirst().x()).toFloats();
    model.mergeAndUnload();
    assertArrayEquals(adapted, model.forward(batches.getFirst().x()).toFloats(), 1e-4f);
  }
}
