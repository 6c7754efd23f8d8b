package dev.peft4j.graph;

import dev.peft4j.data.ShapeException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reverse-mode differentiation, graph to graph: it adds the nodes that compute gradients, and
 * computes nothing.
 */
public final class Gradients {
  private Gradients() {}

  /** The few nodes that the engine needs itself; the op package provides them. */
  public interface Builder {
    /** Returns a float32 scalar of value 1. */
    Node one();

    /** Returns the sum of two nodes of the same shape. */
    Node add(Node a, Node b);
  }

  /**
   * Adds the gradients of {@code loss} to every trainable variable that it depends on. Only nodes
   * that lead to a trainable variable are differentiated.
   *
   * @throws ShapeException if the loss is not a single value
   * @throws IllegalStateException if the loss depends on no trainable variable, or was computed and
   *     released
   */
  public static void backward(Node loss, Builder builder) {
    if (loss.shape().elements() != 1) {
      throw new ShapeException(
          "backward: the loss must be a single value, found shape "
              + loss.shape()
              + "; reduce it with mean() or sum()");
    }
    if (!loss.requiresGrad()) {
      throw new IllegalStateException(
          "backward: the loss depends on no trainable parameter; attach an adapter or unfreeze a"
              + " parameter");
    }
    if (loss.inputs().length == 0 && loss.variable() == null) {
      throw new IllegalStateException(
          "backward: the graph of this loss was released by an optimizer step; compute the loss"
              + " again");
    }
    List<Node> cone = cone(loss);
    BackwardPass pass = new BackwardPass(loss);
    Recomputation again = Recomputation.of(cone);
    Map<Node, Node> grads = new HashMap<>(cone.size() * 2);
    grads.put(loss, builder.one());
    for (Node n : cone) {
      Node g = grads.remove(n);
      if (g == null) {
        continue;
      }
      pass.add(n);
      Variable v = n.variable();
      if (v != null) {
        pass.variables().add(v);
        Node earlier = v.gradient();
        Node total = earlier == null ? g : builder.add(earlier, g);
        v.accumulate(total, pass);
        pass.add(total); // reading a gradient computes the loss and the other gradients with it
        continue;
      }
      @Nullable Node[] inputGrads = n.op().gradient(again == null ? n : again.of(n), g);
      for (int i = 0; i < inputGrads.length; i++) {
        Node in = n.input(i);
        Node dg = inputGrads[i];
        if (dg == null || !in.requiresGrad()) {
          continue;
        }
        if (!dg.shape().equals(in.shape())) {
          throw new IllegalStateException(
              "gradient of "
                  + n.describe()
                  + " for input "
                  + i
                  + " has shape "
                  + dg.shape()
                  + ", expected "
                  + in.shape());
        }
        Node sum = grads.get(in);
        grads.put(in, sum == null ? dg : builder.add(sum, dg));
      }
    }
  }

  /**
   * Returns the nodes that require a gradient between the loss and the variables, later nodes
   * first.
   */
  private static List<Node> cone(Node loss) {
    List<Node> found = new ArrayList<>();
    Map<Node, Boolean> seen = new HashMap<>();
    List<Node> stack = new ArrayList<>();
    stack.add(loss);
    seen.put(loss, true);
    while (!stack.isEmpty()) {
      Node n = stack.removeLast();
      found.add(n);
      for (Node in : n.inputs()) {
        if (in.requiresGrad() && seen.put(in, true) == null) {
          stack.add(in);
        }
      }
    }
    found.sort(Comparator.comparingLong(Node::id).reversed());
    return found;
  }
}
