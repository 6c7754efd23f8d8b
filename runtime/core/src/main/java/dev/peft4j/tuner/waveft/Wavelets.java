package dev.peft4j.tuner.waveft;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.PeftFormat;
import java.util.ArrayList;
import java.util.List;

/**
 * The low-pass filters of the wavelets of Daubechies (db, sym, coif), as published; {@code
 * wavelets.json} holds them.
 */
final class Wavelets {
  private Wavelets() {}

  private static ObjectNode table() {
    return PeftFormat.resource(Wavelets.class, "wavelets.json");
  }

  /**
   * Throws if there is no such wavelet.
   *
   * @throws IllegalArgumentException naming those that there are
   */
  static void require(String name) {
    if (!known(name)) {
      List<String> names = new ArrayList<>();
      table().fieldNames().forEachRemaining(names::add);
      throw new IllegalArgumentException(
          "wavelet is '" + name + "', must be one of " + String.join(", ", names));
    }
  }

  private static boolean known(String name) {
    return name.equals("db1") || table().has(name); // the default needs no look at the table
  }

  /** Returns the filter by which the low coefficients are spread. */
  static float[] lowPass(String name) {
    JsonNode values = table().path(name);
    float[] filter = new float[values.size()];
    for (int i = 0; i < filter.length; i++) {
      filter[i] = (float) values.path(i).asDouble();
    }
    return filter;
  }
}
