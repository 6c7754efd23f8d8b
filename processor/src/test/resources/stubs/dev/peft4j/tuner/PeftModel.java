package dev.peft4j.tuner;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

public interface PeftModel {
  AdapterSet adapters();

  default List<String> namedParameters() {
    return adapters().log;
  }

  default List<String> trainableParameters() {
    return adapters().log.stream().filter(l -> l.startsWith("attach")).toList();
  }

  default void save(Path folder) {
    throw new IllegalStateException("not here");
  }

  default void saveMerged(Path path) throws IOException {
    throw new IOException("not here");
  }
}
