package dev.peft4j.io;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Facts about the file formats of the supported peft release. */
public final class PeftFormat {
  /** The supported release of peft, as written to configs and model cards. */
  public static final String PEFT_VERSION = "0.21.0";

  /** The file name of the configuration. */
  public static final String CONFIG_FILE = "adapter_config.json";

  /** The file name of the weights. */
  public static final String WEIGHTS_FILE = "adapter_model.safetensors";

  /** The file name of the model card. */
  public static final String CARD_FILE = "README.md";

  /**
   * The adapter that is saved in the folder itself; others are saved in a subfolder of their name.
   */
  public static final String DEFAULT_ADAPTER = "default";

  /** Every {@code peft_type} of peft, whether it is supported here or not. */
  public static final List<String> PEFT_TYPES =
      List.of(
          "PROMPT_TUNING",
          "MULTITASK_PROMPT_TUNING",
          "P_TUNING",
          "PREFIX_TUNING",
          "LORA",
          "ADALORA",
          "ADAMSS",
          "BOFT",
          "ADAPTION_PROMPT",
          "IA3",
          "BEFT",
          "LILY",
          "LOHA",
          "LOKR",
          "OFT",
          "POLY",
          "LN_TUNING",
          "VERA",
          "FROD",
          "PVERA",
          "FOURIERFT",
          "GLORA",
          "XLORA",
          "HRA",
          "VBLORA",
          "UNILORA",
          "CPT",
          "MISS",
          "RANDLORA",
          "ROAD",
          "TRAINABLE_TOKENS",
          "HIRA",
          "SHIRA",
          "C3A",
          "WAVEFT",
          "OSF",
          "DELORA",
          "GRALORA",
          "CARTRIDGE",
          "TINYLORA",
          "PSOFT",
          "PEANUT",
          "SHADOW",
          "SUPERTUNING",
          "DEFT");

  /** Every {@code task_type} of peft. */
  public static final List<String> TASK_TYPES =
      List.of(
          "SEQ_CLS",
          "SEQ_2_SEQ_LM",
          "CAUSAL_LM",
          "TOKEN_CLS",
          "QUESTION_ANS",
          "FEATURE_EXTRACTION");

  private PeftFormat() {}

  /**
   * Returns the keys that the configuration of every tuner has, with their defaults; a tuner adds
   * its own.
   *
   * @param peftType the tuner
   */
  public static ObjectNode defaults(String peftType) {
    ObjectNode tree = com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.objectNode();
    tree.putNull("auto_mapping");
    tree.putNull("base_model_name_or_path");
    tree.put("inference_mode", true);
    tree.put("peft_type", peftType);
    tree.put("peft_version", PEFT_VERSION);
    tree.putNull("revision");
    tree.putNull("task_type");
    return tree;
  }

  /**
   * Reads a JSON object that is packed with a class, such as all keys of a tuner's configuration
   * with their defaults.
   *
   * @param beside the class in whose package it is
   * @param name the file's name
   */
  public static ObjectNode resource(Class<?> beside, String name) {
    try (InputStream in = Objects.requireNonNull(beside.getResourceAsStream(name), name)) {
      return PythonJson.parse(Path.of(name), in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
