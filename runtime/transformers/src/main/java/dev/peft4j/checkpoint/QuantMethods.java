package dev.peft4j.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.Quote;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a {@code config.json} says of the quantization of its folder. */
final class QuantMethods {
  private static final String KEY = "quantization_config";
  private static final String BITSANDBYTES = "bitsandbytes";

  /** Methods that people have files of, and what helps instead. */
  private static final Map<String, String> OTHERS =
      Map.ofEntries(
          Map.entry("gptq", "GPTQ"),
          Map.entry("awq", "AWQ"),
          Map.entry("fp8", "FP8"),
          Map.entry("fbgemm_fp8", "FP8"),
          Map.entry("compressed-tensors", "compressed-tensors"),
          Map.entry("torchao", "torchao"),
          Map.entry("mxfp4", "MXFP4"),
          Map.entry("hqq", "HQQ"),
          Map.entry("aqlm", "AQLM"),
          Map.entry("eetq", "EETQ"),
          Map.entry("quanto", "quanto"),
          Map.entry("higgs", "HIGGS"),
          Map.entry("vptq", "VPTQ"),
          Map.entry("spqr", "SpQR"),
          Map.entry("bitnet", "BitNet"));

  private QuantMethods() {}

  /**
   * Returns the method, or null if the folder is not quantized.
   *
   * @throws FileFormatException if it is not bitsandbytes, the only one that can be read
   */
  static @Nullable String of(ModelFolder folder) throws FileFormatException {
    JsonNode config = folder.config().path(KEY);
    if (!config.isObject() || config.isEmpty()) {
      return null;
    }
    Path file = folder.folder().resolve("config.json");
    JsonNode method = config.path("quant_method");
    boolean old =
        method.isMissingNode() && (config.has("load_in_4bit") || config.has("load_in_8bit"));
    if (old || BITSANDBYTES.equals(method.asText())) {
      return BITSANDBYTES;
    }
    String name = method.isTextual() ? method.textValue() : method.toString();
    String known = OTHERS.get(name);
    throw new FileFormatException(
        file,
        KEY
            + ".quant_method is "
            + (method.isMissingNode() ? "missing" : Quote.text(name))
            + (known == null ? ", which is not known" : ": weights of " + known + " cannot be read")
            + "; expected 'bitsandbytes'. Take the model's folder in 16 bits, or a GGUF file of"
            + " it");
  }
}
