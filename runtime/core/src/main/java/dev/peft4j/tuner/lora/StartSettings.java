package dev.peft4j.tuner.lora;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.peft4j.io.PythonJson;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** peft's settings of the starts of LoRA that need data, or change the base, as JSON. */
final class StartSettings {
  private StartSettings() {}

  static String eva(double rho, double tau, boolean whiten) {
    return "{\"adjust_scaling_factors\": true, \"label_mask_value\": -100, \"rho\": "
        + PythonJson.number(rho)
        + ", \"tau\": "
        + PythonJson.number(tau)
        + ", \"use_label_mask\": true, \"whiten\": "
        + whiten
        + "}";
  }

  static String corda(String method) {
    return "{\"cache_file\": null, \"corda_method\": \""
        + method
        + "\", \"covariance_file\": null, \"prune_temporary_fields\": true,"
        + " \"use_float16_for_covariance\": false, \"verbose\": false}";
  }

  static String loraGa(String direction, String scale, double gamma) {
    return "{\"direction\": \""
        + direction
        + "\", \"scale\": \""
        + scale
        + "\", \"stable_gamma\": "
        + PythonJson.number(gamma)
        + "}";
  }

  static String loftq(int bits, int iterations) {
    return "{\"loftq_bits\": " + bits + ", \"loftq_iter\": " + iterations + "}";
  }

  /** Returns the settings as a tree, in which those that were not given are missing. */
  static JsonNode read(@Nullable String json) {
    try {
      return new ObjectMapper().readTree(json == null ? "{}" : json);
    } catch (IOException e) {
      throw new IllegalArgumentException("start settings are no JSON: " + json, e);
    }
  }
}
