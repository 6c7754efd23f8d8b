package dev.peft4j.tuner.adamss;

import dev.peft4j.data.Rng;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** {@link AdamssTuner} on one layer. */
final class AdamssLayer implements TunerLayer {
  private static final float SMALL = 0.01f;

  private final Linear layer;
  private final Buffer basis;
  private final List<Parameter> a = new ArrayList<>();
  private final List<Parameter> b = new ArrayList<>();
  private final int[] sizes;
  private Tensor places;

  AdamssLayer(Linear layer, AdamssConfig c, Rng rng) {
    this.layer = layer;
    Decomposition d = Decomposition.of(layer, c);
    this.basis = new Buffer(d.right(), d.rank(), d.columns());
    this.places = d.places();
    this.sizes = d.sizes();
    for (Decomposition.Cluster cluster : d.clusters()) {
      int r = cluster.rank();
      a.add(new Parameter(cluster.a(), r, d.rank()));
      int n = cluster.rows().length;
      b.add(c.orthogonal() ? Initial.constant(0, n, r) : Initial.normal(rng, SMALL, n, r));
    }
  }

  /** Returns the matrices A of the clusters. */
  List<Parameter> a() {
    return a;
  }

  /** Returns the matrices B of the clusters. */
  List<Parameter> b() {
    return b;
  }

  private Tensor stackedA() {
    return Tensor.concat(0, a.toArray(new Tensor[0]));
  }

  /** The matrices B beside each other, each in its own columns and in the rows of its cluster. */
  private Tensor spreadB() {
    int all = 0;
    for (Parameter p : b) {
      all += p.dim(1);
    }
    List<Tensor> rows = new ArrayList<>();
    int before = 0;
    for (Parameter p : b) {
      int n = p.dim(0);
      int r = p.dim(1);
      List<Tensor> parts = new ArrayList<>();
      if (before > 0) {
        parts.add(Tensor.zeros(n, before));
      }
      parts.add(p);
      if (before + r < all) {
        parts.add(Tensor.zeros(n, all - before - r));
      }
      rows.add(parts.size() == 1 ? p : Tensor.concat(1, parts.toArray(new Tensor[0])));
      before += r;
    }
    return Tensor.concat(0, rows.toArray(new Tensor[0])).embedding(places);
  }

  private boolean hasBias() {
    return basis.dim(1) > layer.inFeatures();
  }

  private Tensor ofInputs() {
    return hasBias() ? basis.slice(1, 0, layer.inFeatures()) : basis;
  }

  /** N's last column, which the bias is multiplied with, or null. */
  private @Nullable Tensor ofBias() {
    return hasBias()
        ? basis.slice(1, layer.inFeatures(), layer.inFeatures() + 1).reshape(-1)
        : null;
  }

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor projected = x.linear(ofInputs(), ofBias());
    return base.apply(x).add(projected.linear(stackedA(), null).linear(spreadB(), null));
  }

  @Override
  public Map<Parameter, Tensor> merged() {
    Tensor delta = spreadB().matmul(stackedA()).matmul(basis);
    Map<Parameter, Tensor> merged = new LinkedHashMap<>();
    int in = layer.inFeatures();
    merged.put(layer.weight(), layer.weight().add(hasBias() ? delta.slice(1, 0, in) : delta));
    Parameter bias = layer.bias();
    if (bias != null && hasBias()) {
      merged.put(bias, bias.add(delta.slice(1, in, in + 1).reshape(-1)));
    }
    return merged;
  }

  @Override
  public void rebased(TunerLayer again) {
    if (again instanceof AdamssLayer now && java.util.Arrays.equals(now.sizes, sizes)) {
      places = now.places;
    }
  }

  @Override
  public boolean keepsOfBase() {
    return true;
  }

  @Override
  public List<Entry> parameters() {
    List<Entry> all = new ArrayList<>();
    for (int i = 0; i < a.size(); i++) {
      all.add(new Entry("adamss_A", Integer.toString(i), a.get(i)));
    }
    for (int i = 0; i < b.size(); i++) {
      all.add(new Entry("adamss_B", Integer.toString(i), b.get(i)));
    }
    return all;
  }

  @Override
  public List<Constant> constants() {
    return List.of(new Constant("adamss_newB", "", basis, false));
  }
}
