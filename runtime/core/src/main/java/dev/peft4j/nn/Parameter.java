package dev.peft4j.nn;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Variable;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tensor that belongs to a module and that training may change; float32. As a tensor it is its
 * current value, or, while an adapter is active that trains a copy of it (peft's {@code
 * modules_to_save} and {@code bias}), that copy.
 *
 * <p>A frozen parameter may hold its numbers in another {@link Encoding} ({@link #to}), such as 16
 * bits or blocks of codes. As a tensor it is still float32, and so are all results computed from
 * it.
 */
public final class Parameter extends ModuleTensor {
  private volatile @Nullable OverlaySource owner;

  /** A node of float32 over the leaf in codes that stands for the present value. */
  private volatile @Nullable Node decoded;

  /**
   * Creates a trainable parameter with the given initial value, which it owns from now on; a frozen
   * one if the value is in codes.
   */
  public Parameter(Storage value, Shape shape) {
    super(new Variable("parameter", value, shape, true));
  }

  /** Creates a trainable parameter with the given initial values. */
  public Parameter(float[] values, int... shape) {
    this(Storage.of(values), Shape.of(shape));
  }

  @Override
  public Node node() {
    Overlay acting = Overlays.acting(overlaySources());
    if (acting == null) {
      return ownNode();
    }
    Tensor adapted = acting.valueOf(this);
    return adapted == null ? acting.of(this).ownNode() : adapted.node();
  }

  /** Returns this parameter's own value as a float32 tensor, whatever adapter is active. */
  public Tensor ownTensor() {
    return Tensor.of(ownNode());
  }

  private Node ownNode() {
    Node leaf = variable().node();
    if (leaf.encoding().isPlain()) {
      return leaf;
    }
    Node d = decoded;
    // one whose value was read has no inputs any more
    if (d == null || d.inputs().length == 0 || d.input(0) != leaf) {
      d = Tensor.of(leaf).toFloat().node();
      decoded = d;
    }
    return d;
  }

  /** Returns true if it receives gradients: torch's {@code requires_grad}. */
  public boolean trainable() {
    return variable().trainable();
  }

  /** Excludes the parameter from gradients from now on. */
  public void freeze() {
    variable().trainable(false);
  }

  /**
   * Includes the parameter in gradients from now on.
   *
   * @throws IllegalStateException if it holds its numbers in codes
   */
  public void unfreeze() {
    variable().trainable(true);
  }

  /** Returns the gradient since the last optimizer step, or null if no backward pass reached it. */
  public @Nullable Tensor grad() {
    Node g = variable().gradient();
    if (g == null) {
      return null;
    }
    // computed together with the pass that it comes from, so that forward and backward run once
    if (!g.isKnown() && !variable().passes().isEmpty()) {
      Node loss = variable().passes().getLast().loss();
      if (loss.pass() != null) {
        Tensor.of(loss).storage();
      }
    }
    return Tensor.of(g);
  }

  /**
   * Converts its value to another encoding: torch's {@code Tensor.to}. Numbers are rounded by the
   * encoding's rule, and with any but {@code FLOAT32} the parameter is frozen.
   *
   * @param wanted one of floating-point numbers, such as {@link dev.peft4j.data.Encodings#BFLOAT16}
   * @throws IllegalArgumentException if it is one of integers
   * @throws dev.peft4j.data.ShapeException if rows of this shape are not whole blocks of it
   * @throws UnsupportedOperationException if the encoding can only be read
   * @throws NonFiniteException if it cannot hold a value, such as a NaN
   */
  public void to(Encoding wanted) {
    Encoding encoding = wanted.forShape(shape());
    if (own().encoding().equals(encoding)) {
      return;
    }
    encoding.requireFit("'" + name() + "'", shape());
    Storage coded;
    try {
      coded = own().copyAs(encoding);
    } catch (NonFiniteException e) {
      throw new NonFiniteException("'" + name() + "': " + e.getMessage(), e);
    }
    adopt(coded);
  }

  /** Marks it as a parameter of this adapted model's adapters. */
  public void belongsTo(OverlaySource source) {
    owner = source;
  }

  /**
   * Returns the adapted models whose training it is a part of: its adapter's, or those of its base.
   */
  public List<OverlaySource> trainedFor() {
    OverlaySource own = owner;
    return own != null ? List.of(own) : sources();
  }
}
