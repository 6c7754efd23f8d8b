package dev.peft4j.transformers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.checkpoint.GgufArchitecture;
import dev.peft4j.checkpoint.GgufModel;
import dev.peft4j.checkpoint.TokenizerToGguf;
import dev.peft4j.checkpoint.WeightChanges;
import dev.peft4j.checkpoint.WeightSource;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.gguf.GgufValue;
import dev.peft4j.gguf.GgufWriter;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import dev.peft4j.io.Quote;
import dev.peft4j.log.Log;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A writer of a language model with its tokenizer as one GGUF file for llama.cpp and Ollama.
 * Matrices are held in the wanted encoding, vectors and norms in float32; matrices whose rows the
 * encoding's blocks do not divide in float16.
 */
public final class GgufModelFile {
  private static final Log LOG = Log.of(GgufModelFile.class);

  /** {@code general.file_type} by the types of tensors. */
  private static final Map<String, Integer> FILE_TYPES =
      Map.of("F32", 0, "F16", 1, "Q4_0", 2, "Q4_1", 3, "Q8_0", 7, "Q5_0", 8, "Q5_1", 9, "BF16", 32);

  /** Families whose size of heads is always in the file. */
  private static final Set<String> SIZED = Set.of("qwen3", "gemma", "gemma2", "gemma3_text");

  /** Families whose window of attention is in the file. */
  private static final Set<String> WINDOWED = Set.of("gemma2", "gemma3_text", "phi3", "starcoder2");

  private static final Map<String, Double> THETAS =
      Map.of("smollm3", 2_000_000.0, "gemma3_text", 1_000_000.0, "cohere", 500_000.0);

  private final Path from;
  private final WeightSource weights;
  private final ObjectNode settings;
  private final DecoderConfig config;
  private final GgufArchitecture architecture;
  private final Encoding encoding;
  private final GgufWriter out;
  private final List<String> fallen = new ArrayList<>();

  private GgufModelFile(
      Path from,
      WeightSource weights,
      ObjectNode settings,
      DecoderConfig config,
      GgufArchitecture architecture,
      Encoding encoding) {
    this.from = from;
    this.weights = weights;
    this.settings = settings;
    this.config = config;
    this.architecture = architecture;
    this.encoding = encoding;
    this.out = new GgufWriter(architecture.name());
  }

  /**
   * Writes a model; each tensor is read, changed and written in turn.
   *
   * @param model a folder, also one that transformers saved with bitsandbytes, or a GGUF file
   * @param encoding that of matrices, one that GGUF has and that can be written, such as {@code
   *     Encodings.Q8_0}
   * @param file the file to write
   * @return the names of tensors that are in float16 instead
   * @throws FileFormatException if llama.cpp does not have the family, or GGUF cannot hold a
   *     setting or the tokenizer
   * @throws IllegalArgumentException if the encoding cannot be written
   */
  public static List<String> write(Path model, Encoding encoding, Path file) throws IOException {
    if (!FILE_TYPES.containsKey(String.valueOf(encoding.ggufName())) || !encoding.encodes()) {
      throw new IllegalArgumentException(
          "models are not written as "
              + encoding
              + "; expected F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0 or Q5_1");
    }
    boolean gguf = GgufFile.looksLikeOne(model);
    DecoderConfig config = Transformers.decoderConfig(model);
    GgufArchitecture a = GgufArchitecture.ofModelType(config.modelType());
    if (a == null) {
      throw new FileFormatException(
          model, "is of the family " + config.modelType() + ", which cannot be written as GGUF");
    }
    WeightSource weights;
    ObjectNode settings;
    if (gguf) {
      GgufModel m = GgufModel.open(model);
      weights = m;
      settings = m.config();
    } else {
      ModelFolder folder = ModelFolder.open(model);
      weights = WeightSource.open(folder);
      settings = folder.config();
    }
    return new GgufModelFile(model, weights, settings, config, a, encoding).write(file);
  }

  private List<String> write(Path file) throws IOException {
    out.put("general.type", GgufValue.of("model"));
    out.put("general.name", GgufValue.of(String.valueOf(from.toAbsolutePath().getFileName())));
    sizes();
    out.put(
        "general.file_type",
        GgufValue.uint32(FILE_TYPES.getOrDefault(String.valueOf(encoding.ggufName()), 0)));
    out.put("general.quantization_version", GgufValue.uint32(2));
    tokenizer();
    List<String> unknown = new ArrayList<>();
    for (String name : weights.names()) {
      if (!tensor(name)) {
        unknown.add(name);
      }
    }
    if (!unknown.isEmpty()) {
      throw new FileFormatException(
          from,
          "has weights that a model of the architecture "
              + Quote.text(architecture.name())
              + " does not have in GGUF: "
              + Quote.list(unknown, 10));
    }
    try {
      out.write(file);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    requireHeld(file);
    if (!fallen.isEmpty()) {
      LOG.warn(
          "{}: written as F16, since their rows are not whole blocks of {}: {}",
          file,
          encoding.ggufName(),
          Quote.list(fallen, 10));
    }
    return List.copyOf(fallen);
  }

  /** Holds that a reader finds the same settings; a window that is lost is only said. */
  private void requireHeld(Path file) throws IOException {
    DecoderConfig read = Transformers.decoderConfig(file);
    DecoderStyle a = config.style();
    DecoderStyle b = read.style();
    List<String> lost = new ArrayList<>();
    compare(lost, "the scale of attention", scale(config), scale(read));
    compare(lost, "scores scaled by the layer", a.scaledByLayer(), b.scaledByLayer());
    compare(lost, "the bound of scores", (float) a.softcap(), (float) b.softcap());
    compare(lost, "the bound of logits", (float) a.finalSoftcap(), (float) b.finalSoftcap());
    compare(lost, "the size of heads", config.headDim(), read.headDim());
    compare(lost, "norms of heads", a.qkNorm(), b.qkNorm());
    compare(lost, "the activation", config.activation(), read.activation());
    compare(lost, "which layers have a rotary embedding", rotated(a), rotated(b));
    if (!lost.isEmpty()) {
      Files.delete(file);
      throw new FileFormatException(
          from,
          "cannot be written as GGUF of "
              + architecture.name()
              + ", which does not hold "
              + String.join("; ", lost));
    }
    List<Integer> windows = windows(a);
    if (!windows.equals(windows(b))) {
      LOG.warn(
          "{}: GGUF of {} does not hold its windows of attention, tokens by layer: {}; readers take"
              + " {}",
          from,
          architecture.name(),
          windows,
          windows(b));
    }
  }

  private static void compare(List<String> lost, String what, Object own, Object read) {
    if (!own.equals(read)) {
      lost.add(what + " " + own + " (readers take " + read + ")");
    }
  }

  private static float scale(DecoderConfig c) {
    double own = c.style().attentionScale();
    return (float) (own == 0 ? 1 / Math.sqrt(c.headDim()) : own);
  }

  private static List<Boolean> rotated(DecoderStyle s) {
    return s.layers().stream().map(l -> l.rotary() != null).toList();
  }

  private static List<Integer> windows(DecoderStyle s) {
    return s.layers().stream().map(DecoderLayerStyle::window).toList();
  }

  private void size(String key, int value) {
    out.put(key(key), GgufValue.uint32(value));
  }

  private void number(String key, double value) {
    out.put(key(key), GgufValue.float32((float) value));
  }

  private String key(String name) {
    return architecture.name() + "." + name;
  }

  private void sizes() throws FileFormatException {
    DecoderStyle style = config.style();
    size("block_count", config.layers());
    size("context_length", config.maxPositions());
    size("embedding_length", config.hiddenSize());
    size("feed_forward_length", config.intermediateSize());
    size("attention.head_count", config.heads());
    size("vocab_size", config.vocabSize());
    boolean rms = style.norm() == NormKind.RMS || style.norm() == NormKind.RMS_PLUS_ONE;
    number("attention.layer_norm_" + (rms ? "rms_" : "") + "epsilon", style.normEps());
    if (style.learnedPositions()) {
      return;
    }
    size("attention.head_count_kv", config.kvHeads());
    boolean own = config.headDim() * config.heads() != config.hiddenSize();
    if (own || SIZED.contains(config.modelType())) {
      size("attention.key_length", config.headDim());
      size("attention.value_length", config.headDim());
    }
    double theta = THETAS.getOrDefault(config.modelType(), 10_000.0);
    new GgufRope(from, settings, architecture.name() + ".", out).write(config, theta);
    window();
    switch (config.modelType()) {
      case "gemma2" -> {
        if (style.softcap() > 0) {
          number("attn_logit_softcapping", style.softcap());
        }
        if (style.finalSoftcap() > 0) {
          number("final_logit_softcapping", style.finalSoftcap());
        }
      }
      case "granite" -> {
        number("attention.scale", style.attentionScale());
        number("embedding_scale", style.embeddingScale());
        number("residual_scale", style.residualScale());
        number("logit_scale", 1 / style.logitScale());
      }
      case "cohere" -> {
        number("logit_scale", style.logitScale());
        out.put(key("rope.scaling.type"), GgufValue.of("none"));
      }
      case "stablelm" -> out.put(key("use_parallel_residual"), GgufValue.of(style.parallel()));
      default -> {}
    }
  }

  private void window() {
    int window =
        config.style().layers().stream().mapToInt(DecoderLayerStyle::window).max().orElse(0);
    if (window == 0) {
      return;
    }
    if (WINDOWED.contains(config.modelType())) {
      size("attention.sliding_window", window);
    }
  }

  private void tokenizer() throws IOException {
    if (weights instanceof GgufModel m) {
      m.file()
          .metadata()
          .values()
          .forEach(
              (key, value) -> {
                if (key.startsWith("tokenizer.")) {
                  out.put(key, value);
                }
              });
    } else {
      TokenizerToGguf.write(from, config.vocabSize(), out);
    }
  }

  /** Adds a weight; false if the architecture has no tensor for it. */
  private boolean tensor(String name) throws FileFormatException {
    if (config.tied() && name.equals("lm_head.weight")
        || name.endsWith(".rotary_emb.inv_freq")
        || name.endsWith(".attn.masked_bias")
        || name.endsWith(".attn.bias")) {
      return true;
    }
    int dot = name.lastIndexOf('.');
    String module = name.substring(0, dot);
    String full = architecture.tensorOf(module);
    if (full == null && !module.startsWith("model.") && !module.startsWith("transformer.")) {
      // files of a model without its head leave the prefix out
      for (String prefix : new String[] {"model.", "transformer."}) {
        full = full == null ? architecture.tensorOf(prefix + module) : full;
      }
    }
    if (full == null) {
      return false;
    }
    String tensor = full + name.substring(dot);
    GgufArchitecture.Change change = architecture.change(module, name.substring(dot + 1));
    Shape shape = weights.shape(name);
    boolean turned =
        change == GgufArchitecture.Change.TRANSPOSED
            && !weights.encoding(name).hasBlocks()
            && shape.rank() == 2;
    Shape written = turned ? Shape.of(shape.dim(1), shape.dim(0)) : shape;
    Encoding wanted = encodingOf(tensor, written);
    out.tensor(tensor, written, wanted, () -> numbers(name, change, turned, wanted));
    return true;
  }

  private Encoding encodingOf(String tensor, Shape shape) {
    if (shape.rank() < 2 || tensor.endsWith("_norm.weight") || tensor.startsWith("position_embd")) {
      return Encodings.FLOAT32;
    }
    if (encoding.fits(shape)) {
      return encoding;
    }
    fallen.add(tensor);
    return Encodings.FLOAT16;
  }

  private Storage numbers(
      String name, GgufArchitecture.Change change, boolean turned, Encoding wanted) {
    try {
      Storage x = weights.storage(name, Encodings.FLOAT32);
      int rows = weights.shape(name).dim(0);
      Storage changed =
          switch (change) {
            case NONE -> x;
            case QUERY_ROWS -> WeightChanges.pairs(x, rows, config.heads());
            case KEY_ROWS -> WeightChanges.pairs(x, rows, config.kvHeads());
            case PLUS_ONE -> WeightChanges.plus(x, 1);
            case TRANSPOSED -> turned ? WeightChanges.transposed(x, weights.shape(name)) : x;
          };
      return changed.encoding().equals(wanted) ? changed : changed.copyAs(wanted);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
