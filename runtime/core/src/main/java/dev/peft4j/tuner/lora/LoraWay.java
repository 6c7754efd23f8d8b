package dev.peft4j.tuner.lora;

import dev.peft4j.data.Rng;
import dev.peft4j.linalg.LinearAlgebra;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.CallInputs;
import dev.peft4j.tuner.TunerContext;
import dev.peft4j.tuner.TunerLayer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link LoraVariant} on one layer: what is different from plain LoRA. */
abstract class LoraWay {
  /**
   * Returns the way of a layer; null for plain LoRA.
   *
   * @throws IllegalArgumentException if the variant cannot be on this layer
   */
  static @Nullable LoraWay of(String path, LoraKind kind, LoraConfig config, TunerContext context) {
    Rng rng = context.rng();
    LoraVariant variant = config.variant();
    if (variant == null) {
      return null;
    }
    if (!(kind.layer() instanceof Linear layer)) {
      throw new IllegalArgumentException(
          variant.getClass().getSimpleName()
              + " is for Linear layers; '"
              + path
              + "' is a "
              + kind.layer().getClass().getSimpleName());
    }
    int r = config.rankOf(path);
    return switch (variant) {
      case LoraVariant.Kasa k -> new Kasa(path, layer, r, rng);
      case LoraVariant.BlockDiagonal b -> blocks(path, b, layer, r);
      case LoraVariant.Velora v -> new Velora(v, layer, rng);
      case LoraVariant.Activated a -> new Activated(a);
      case LoraVariant.Arrow a ->
          new ArrowRouter(
              a,
              layer,
              ArrowRouter.layers(path, a.tasks(), name -> context.other(name, path)),
              ArrowRouter.layers(path, a.general(), name -> context.other(name, path)));
      case LoraVariant.MonteClora m -> new MonteClora(m, layer, r, rng);
    };
  }

  private static @Nullable LoraWay blocks(
      String path, LoraVariant.BlockDiagonal b, Linear layer, int r) {
    String name = path.substring(path.lastIndexOf('.') + 1);
    boolean ofA = b.ofA().stream().anyMatch(name::contains);
    boolean ofB = b.ofB().stream().anyMatch(name::contains);
    if (ofA && ofB || b.strict() && !ofA && !ofB) {
      throw new IllegalArgumentException(
          "block-diagonal LoRA: '"
              + path
              + "' is named for "
              + (ofA ? "both A and B" : "neither A nor B, which strict does not allow"));
    }
    if (!ofA && !ofB) {
      return null;
    }
    int width = ofA ? layer.inFeatures() : layer.outFeatures();
    if (r % b.blocks() != 0 || width % b.blocks() != 0) {
      throw new IllegalArgumentException(
          b.blocks()
              + " blocks must divide the rank of '"
              + path
              + "' and its "
              + (ofA ? "inputs" : "outputs")
              + ", which are "
              + r
              + " and "
              + width);
    }
    return new Blocks(b.blocks(), ofA);
  }

  /** Returns what A starts as; given the usual. */
  Parameter firstA(Parameter usual, Rng rng) {
    return usual;
  }

  /** Returns what B starts as; given the usual. */
  Parameter firstB(Parameter usual) {
    return usual;
  }

  /** Returns the matrix (r, in) that A stands for. */
  Tensor a(Tensor a) {
    return a;
  }

  /** Returns the matrix (out, r) that B stands for. */
  Tensor b(Tensor b) {
    return b;
  }

  /** Returns x · Aᵀ. */
  Tensor inner(Tensor x, Tensor a) {
    return x.linear(a(a), null);
  }

  List<TunerLayer.Entry> entries() {
    return List.of();
  }

  List<TunerLayer.Constant> constants() {
    return List.of();
  }

  /** Returns what is added to the layer's result, if A and B alone do not say that; else null. */
  @Nullable Tensor update(Tensor x) {
    return null;
  }

  /** Returns the generators that training draws from. */
  List<Rng> generators() {
    return List.of();
  }

  /** Returns what of an update acts in this call. */
  Tensor acting(Tensor update) {
    return update;
  }

  /** Returns whether a weight can compute the same. */
  boolean merges() {
    return true;
  }

  /** A part of the weight that is taken off, as B (out, r) and A (r, in). */
  record Part(float[] b, float[] a, int r) {}

  @Nullable Part takenOff() {
    return null;
  }

  /** A vector between A and B. */
  static final class Kasa extends LoraWay {
    private final Parameter diagonal;
    private final Part smallest;

    Kasa(String path, Linear layer, int r, Rng rng) {
      int out = layer.outFeatures();
      int in = layer.inFeatures();
      int k = Math.min(in, out);
      if (r >= k) {
        throw new IllegalArgumentException(
            "KaSA needs a rank below " + k + " for '" + path + "', got " + r);
      }
      this.diagonal = Initial.normal(rng, 1, r);
      LinearAlgebra.Svd svd =
          LinearAlgebra.available().svd(layer.weight().own().toFloats(), out, in);
      float[] b = new float[out * r];
      float[] a = new float[r * in];
      for (int n = 0; n < r; n++) {
        int from = k - r + n;
        for (int i = 0; i < out; i++) {
          b[i * r + n] = svd.u()[i * k + from] * svd.s()[from];
        }
        System.arraycopy(svd.vt(), from * in, a, n * in, in);
      }
      this.smallest = new Part(b, a, r);
    }

    @Override
    Tensor b(Tensor b) {
      return b.mul(diagonal);
    }

    Parameter diagonal() {
      return diagonal;
    }

    @Override
    Part takenOff() {
      return smallest;
    }

    @Override
    List<TunerLayer.Entry> entries() {
      return List.of(new TunerLayer.Entry("lora_diag", "", diagonal));
    }
  }

  /** A or B of blocks along the diagonal. */
  private static final class Blocks extends LoraWay {
    private final int blocks;
    private final boolean ofA;

    Blocks(int blocks, boolean ofA) {
      this.blocks = blocks;
      this.ofA = ofA;
    }

    @Override
    Parameter firstA(Parameter usual, Rng rng) {
      if (!ofA) {
        return usual;
      }
      int in = usual.dim(1) / blocks;
      float bound = (float) Math.sqrt(6.0 / in);
      int r = usual.dim(0);
      return new Parameter(rng.uniform(r * in, -bound, bound), r, in);
    }

    @Override
    Parameter firstB(Parameter usual) {
      return ofA ? usual : Initial.constant(0, usual.dim(0), usual.dim(1) / blocks);
    }

    @Override
    Tensor a(Tensor a) {
      return ofA ? diagonal(a) : a;
    }

    @Override
    Tensor b(Tensor b) {
      return ofA ? b : diagonal(b);
    }

    /** The rows (blocks · p, q) as a block-diagonal matrix (blocks · p, blocks · q). */
    private Tensor diagonal(Tensor rows) {
      int p = rows.dim(0) / blocks;
      int q = rows.dim(1);
      Tensor on = Tensor.eye(blocks).reshape(blocks, 1, blocks, 1);
      return rows.reshape(blocks, p, 1, q).mul(on).reshape(blocks * p, blocks * q);
    }
  }

  /** A's gradient from a projection of the input. */
  private static final class Velora extends LoraWay {
    private final LoraVariant.Velora settings;
    private final Linear layer;
    private final int width;
    private final Buffer direction;
    private @Nullable Tensor once;

    Velora(LoraVariant.Velora settings, Linear layer, Rng rng) {
      this.settings = settings;
      this.layer = layer;
      this.width = Math.ceilDiv(layer.inFeatures(), settings.groups());
      boolean random = settings.direction() == LoraVariant.Velora.Direction.RANDOM;
      this.direction = new Buffer(random ? unit(rng.normal(width, 0, 1)) : new float[width], width);
    }

    private static float[] unit(float[] v) {
      double sum = 0;
      for (float x : v) {
        sum += x * x;
      }
      for (int i = 0; i < v.length; i++) {
        v[i] = (float) (sum == 0 ? 1 / Math.sqrt(v.length) : v[i] / Math.sqrt(sum));
      }
      return v;
    }

    @Override
    Tensor inner(Tensor x, Tensor a) {
      if (!layer.training()) {
        return x.linear(a, null);
      }
      Tensor groups = groups(x.detach());
      Tensor v = direction(groups);
      Tensor seen =
          groups
              .matmul(v.reshape(-1, 1))
              .matmul(v.reshape(1, -1))
              .mul((float) settings.scale())
              .reshape(-1, settings.groups() * width)
              .slice(1, 0, layer.inFeatures())
              .reshape(x.shape().toArray());
      Tensor ofA = seen.linear(a, null); // it gives A's gradient, and no value
      return x.linear(a.detach(), null).add(ofA.sub(ofA.detach()));
    }

    /** The input's groups, filled up with zeros: (rows · groups, width). */
    private Tensor groups(Tensor x) {
      int missing = settings.groups() * width - layer.inFeatures();
      Tensor rows = x.reshape(-1, layer.inFeatures());
      Tensor whole =
          missing == 0 ? rows : Tensor.concat(1, rows, Tensor.zeros(rows.dim(0), missing));
      return whole.reshape(-1, width);
    }

    private Tensor direction(Tensor groups) {
      return switch (settings.direction()) {
        case RANDOM -> direction;
        case BATCH_AVERAGE -> {
          Tensor mean = groups.mean(0);
          Tensor unit = mean.div(mean.square().sum().sqrt().clampMin(1e-30f));
          direction.follow(unit);
          yield unit;
        }
        case BATCH_AVERAGE_ONCE -> {
          Tensor first = once;
          if (first == null) {
            first = Tensor.of(unit(groups.mean(0).toFloats()), width);
            once = first;
            direction.follow(first);
          }
          yield first;
        }
      };
    }

    @Override
    List<TunerLayer.Constant> constants() {
      return List.of(new TunerLayer.Constant("lora_velora_embed", "", direction, false, true));
    }
  }

  /** From the invocation on. */
  private static final class Activated extends LoraWay {
    private final LoraVariant.Activated settings;

    Activated(LoraVariant.Activated settings) {
      this.settings = settings;
    }

    @Override
    Tensor acting(Tensor update) {
      Tensor ids = CallInputs.require("input_ids", "an adapter of aLoRA");
      if (ids.shape().rank() != 2 || update.shape().rank() != 3) {
        return update.mul(0);
      }
      int rows = ids.dim(0);
      int length = ids.dim(1);
      int tokens = update.dim(1);
      long[] all = ids.toLongs();
      float[] mask = new float[rows * tokens];
      for (int row = 0; row < rows; row++) {
        int from = last(all, row * length, length);
        for (int t = 0; from >= 0 && t < tokens; t++) {
          mask[row * tokens + t] = length - tokens + t >= from ? 1 : 0;
        }
      }
      return update.mul(Tensor.of(mask, rows, tokens, 1));
    }

    /** Where the tokens begin for the last time in a row, or -1. */
    private int last(long[] ids, int start, int length) {
      int n = settings.tokens().size();
      for (int at = length - n; at >= 0; at--) {
        int same = 0;
        while (same < n && ids[start + at + same] == settings.tokens().get(same)) {
          same++;
        }
        if (same == n) {
          return at;
        }
      }
      return -1;
    }

    @Override
    boolean merges() {
      return false;
    }
  }
}
