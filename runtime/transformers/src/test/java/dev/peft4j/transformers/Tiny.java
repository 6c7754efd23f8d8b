package dev.peft4j.transformers;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The tiny BERT that src/test/python/make_tiny_bert.py made, and what transformers computed. */
final class Tiny {
  static final Path FOLDER = folder();

  private static final SafeTensors IO = open(FOLDER.resolve("io.safetensors"));

  private Tiny() {}

  private static Path folder() {
    try {
      return Path.of(Tiny.class.getResource("tiny-bert/config.json").toURI()).getParent();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static SafeTensors open(Path file) {
    try {
      return SafeTensors.open(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Tensor io(String name) {
    try {
      StoredTensor t = IO.tensor(name);
      return Tensor.of(t.storage(), t.shape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A copy of the folder that a test may change. */
  static Path copyTo(Path target) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(FOLDER)) {
      for (Path f : files) {
        Files.copy(f, target.resolve(f.getFileName().toString()));
      }
    }
    return target;
  }

  /** The folder's weights, to be changed and written. */
  static Map<String, StoredTensor> weights() throws IOException {
    SafeTensors file = SafeTensors.open(FOLDER.resolve("model.safetensors"));
    Map<String, StoredTensor> out = new LinkedHashMap<>();
    for (String name : file.names()) {
      out.put(name, file.tensor(name));
    }
    return out;
  }

  static double largestDifference(float[] a, float[] b) {
    if (a.length != b.length) {
      throw new IllegalArgumentException(a.length + " and " + b.length + " elements");
    }
    double worst = 0;
    for (int i = 0; i < a.length; i++) {
      double d = Math.abs((double) a[i] - b[i]);
      worst = d <= worst ? worst : d;
      if (Double.isNaN(d)) {
        return Double.NaN;
      }
    }
    return worst;
  }
}
