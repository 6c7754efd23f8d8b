package dev.peft4j.transformers;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Fp4;
import dev.peft4j.data.Int8Rows;
import dev.peft4j.data.Nf4;
import dev.peft4j.data.Q8_0;
import dev.peft4j.log.Log;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.WeightedLayer;
import dev.peft4j.target.Names;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The settings by which the frozen weights of a model are quantized when it is loaded:
 * transformers' {@code BitsAndBytesConfig}, and any other {@link Encoding}. It is for the matrices
 * of linear layers; the output layer, embeddings, norms and biases stay as they are unless that is
 * asked for.
 *
 * <p>An instance does not change: methods return another one.
 *
 * <pre>{@code
 * CausalLm model = Transformers.causalLm(folder, Quantize.nf4().doubleQuantization());
 * }</pre>
 */
public final class Quantize {
  private static final Log LOG = Log.of(Quantize.class);
  private static final String KNOWN = "nf4, fp4, int8, or the name of an encoding such as q8_0";

  private final Encoding linear;
  private final @Nullable Encoding embeddings;
  private final @Nullable Encoding head;
  private final Set<String> except;

  private Quantize(
      Encoding linear, @Nullable Encoding embeddings, @Nullable Encoding head, Set<String> except) {
    this.linear = linear;
    this.embeddings = embeddings;
    this.head = head;
    this.except = Set.copyOf(except);
  }

  /** Returns QLoRA's codes of 4 bits: {@link Nf4} in blocks of 64. */
  public static Quantize nf4() {
    return of(new Nf4());
  }

  /** Returns bitsandbytes' floats of 4 bits: {@link Fp4} in blocks of 64. */
  public static Quantize fp4() {
    return of(new Fp4());
  }

  /** Returns bitsandbytes' signed bytes with a scale for each row: {@link Int8Rows}. */
  public static Quantize int8() {
    return of(new Int8Rows());
  }

  /**
   * Returns a quantization to any encoding of floating-point numbers.
   *
   * @throws IllegalArgumentException if it can only be read, or is one of integers
   */
  public static Quantize of(Encoding encoding) {
    return new Quantize(requireWritable(encoding), null, null, Set.of());
  }

  /**
   * Returns the quantization of that name: {@code nf4}, {@code fp4}, {@code int8}, or an encoding's
   * name, such as {@code q8_0}; case does not matter. That of an encoding of llama.cpp's is for
   * embeddings and the output layer, too, as there.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Quantize named(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "nf4" -> nf4();
      case "fp4" -> fp4();
      case "int8" -> int8();
      default -> {
        Encoding e;
        try {
          e = Encodings.named(name);
        } catch (IllegalArgumentException x) {
          throw new IllegalArgumentException(
              "no quantization is named '" + name + "'; expected " + KNOWN, x);
        }
        Quantize q = of(e);
        yield e.ggufType() >= 0 ? q.embeddings(new Q8_0()).head(new Q8_0()) : q;
      }
    };
  }

  private static Encoding requireWritable(Encoding e) {
    if (!e.encodes() || e.dtype().isInteger()) {
      throw new IllegalArgumentException(
          "weights cannot be quantized to " + e + ", which can only be read; expected " + KNOWN);
    }
    return e;
  }

  /**
   * Returns the same with the scales of blocks quantized, too ({@code bnb_4bit_use_double_quant}).
   *
   * @throws IllegalStateException if it is neither {@code nf4} nor {@code fp4}
   */
  public Quantize doubleQuantization() {
    return withBlocks(linear.blockValues(), true);
  }

  /**
   * Returns the same in blocks of another size.
   *
   * @param values a power of two from 32 to 4096
   * @throws IllegalStateException if it is neither {@code nf4} nor {@code fp4}
   * @throws IllegalArgumentException if there are no blocks of that size
   */
  public Quantize blockSize(int values) {
    boolean twice = linear instanceof dev.peft4j.data.FourBitBlocks f && f.isDouble();
    return withBlocks(values, twice);
  }

  private Quantize withBlocks(int values, boolean twice) {
    Encoding e =
        switch (linear) {
          case Nf4 _ -> new Nf4(values, twice);
          case Fp4 _ -> new Fp4(values, twice);
          default ->
              throw new IllegalStateException(
                  linear + " has blocks of one kind only; those of nf4 and fp4 can be chosen");
        };
    return new Quantize(e, embeddings, head, except);
  }

  /** Returns the same that quantizes embeddings, too, and an output layer that is tied to one. */
  public Quantize embeddings(Encoding encoding) {
    return new Quantize(linear, requireWritable(encoding), head, except);
  }

  /** Returns the same that quantizes the output layer, too. */
  public Quantize head(Encoding encoding) {
    return new Quantize(linear, embeddings, requireWritable(encoding), except);
  }

  /**
   * Returns the same that leaves modules alone ({@code llm_int8_skip_modules}).
   *
   * @param modules paths, or their last parts, such as {@code down_proj}
   */
  public Quantize except(String... modules) {
    Set<String> all = new HashSet<>(except);
    all.addAll(List.of(modules));
    return new Quantize(linear, embeddings, head, all);
  }

  /** Returns the encoding of linear layers. */
  public Encoding encoding() {
    return linear;
  }

  /**
   * Quantizes the weights of a model in memory, one after the other. A model in a file is better
   * loaded with this: it then never exists as a whole in another encoding.
   *
   * @return the model
   * @throws dev.peft4j.data.NonFiniteException if a weight has a value that the encoding cannot
   *     hold; those before it are quantized
   */
  public <M extends Module> M apply(M model) {
    encodings(model).forEach(Parameter::to);
    return model;
  }

  /** Returns what chooses the encodings of a model's weights. */
  Held held() {
    return this::chooser;
  }

  private Held.Chooser chooser(Module model) {
    Map<Parameter, Encoding> wanted = encodings(model);
    return (weight, own) -> {
      Encoding e = wanted.get(weight);
      if (e == null) {
        return own;
      }
      if (own.hasBlocks() && !own.equals(e.forShape(weight.shape()))) {
        throw new IllegalArgumentException(
            "'"
                + weight.name()
                + "' is held as "
                + own
                + " in the file already; load it without a quantization");
      }
      return e;
    };
  }

  private Map<Parameter, Encoding> encodings(Module model) {
    Set<String> heads = new HashSet<>();
    for (NamedModule m : model.namedModules()) {
      m.module().outputHeads().forEach(h -> heads.add(Names.join(m.name(), h)));
    }
    Map<Parameter, Encoding> wanted = new IdentityHashMap<>();
    Set<Parameter> ofEmbeddings = java.util.Collections.newSetFromMap(new IdentityHashMap<>());
    List<String> unfit = new ArrayList<>();
    for (NamedModule m : model.namedModules()) {
      if (!(m.module() instanceof WeightedLayer layer) || layer.weight().shape().rank() != 2) {
        continue;
      }
      Parameter weight = layer.weight();
      boolean table = layer instanceof Embedding;
      if (table) {
        ofEmbeddings.add(weight);
      } else if (ofEmbeddings.contains(weight)) {
        continue;
      }
      Encoding e =
          isExcepted(m.name())
              ? null
              : table ? embeddings : heads.contains(m.name()) ? head : linear;
      if (e != null && !e.forShape(weight.shape()).fits(weight.shape())) {
        unfit.add(m.name() + " " + weight.shape());
        e = Encodings.FLOAT16;
      }
      if (e != null) {
        wanted.put(weight, e);
      }
    }
    if (!unfit.isEmpty()) {
      LOG.warn(
          "held as FLOAT16, since their rows are not whole blocks of {}: {}",
          linear,
          String.join(", ", unfit));
    }
    return wanted;
  }

  private boolean isExcepted(String path) {
    return except.stream().anyMatch(x -> path.equals(x) || path.endsWith("." + x));
  }

  @Override
  public String toString() {
    return "Quantize "
        + linear
        + (embeddings == null ? "" : ", embeddings " + embeddings)
        + (head == null ? "" : ", head " + head)
        + (except.isEmpty() ? "" : ", except " + except);
  }
}
