package dev.peft4j.tuner;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.data.Rng;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A tuner whose layers share tensors, as those of VeRA and VB-LoRA do: y + s ⊙ (P·B·x), where s
 * (out) is the layer's own, the bank B (r, widest in) is shared and trained, and the projection P
 * (widest out, r) is shared and constant. A layer takes as much of both as it is wide.
 */
public final class SharedTuner implements Tuner<SharedConfig> {
  @Override
  public String peftType() {
    return "TEST_SHARED";
  }

  @Override
  public String parameterPrefix() {
    return "shared_";
  }

  @Override
  public Class<SharedConfig> configType() {
    return SharedConfig.class;
  }

  @Override
  public List<Class<? extends Module>> layerTypes() {
    return List.of(Linear.class);
  }

  @Override
  public <L extends Module & Adaptable> TunerLayer attach(
      String path, L layer, SharedConfig config, TunerContext context) {
    if (!(layer instanceof Linear linear)) {
      throw new IllegalArgumentException("'" + path + "' is not a Linear");
    }
    int in = 0;
    int out = 0;
    for (var m : context.layers()) {
      if (m.module() instanceof Linear l) {
        in = Math.max(in, l.inFeatures());
        out = Math.max(out, l.outFeatures());
      }
    }
    int widestIn = in;
    int widestOut = out;
    Rng rng = context.rng();
    Parameter bank =
        context.sharedParameter("bank", () -> Initial.normal(rng, 0.3f, config.r(), widestIn));
    Buffer projection =
        context.sharedBuffer(
            "projection",
            () -> new Buffer(rng.normal(widestOut * config.r(), 0, 0.3f), widestOut, config.r()));
    return new Layer(linear, bank, projection, Initial.constant(0, linear.outFeatures()));
  }

  private record Layer(Linear layer, Parameter bank, Buffer projection, Parameter scale)
      implements TunerLayer {
    private Tensor a() {
      return bank.slice(1, 0, layer.inFeatures());
    }

    private Tensor b() {
      return projection.slice(0, 0, layer.outFeatures());
    }

    @Override
    public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
      return base.apply(x).add(x.linear(a(), null).linear(b(), null).mul(scale));
    }

    @Override
    public List<Entry> parameters() {
      return List.of(new Entry("shared_scale", "", scale), Entry.shared("shared_bank", bank));
    }

    @Override
    public List<Constant> constants() {
      return List.of(Constant.shared("shared_projection", projection));
    }

    @Override
    public Map<Parameter, Tensor> merged() {
      Parameter w = layer.weight();
      return Map.of(w, w.add(b().matmul(a()).mul(scale.reshape(-1, 1))));
    }
  }

  @Override
  public SharedConfig read(AdapterConfig file) throws IOException {
    TargetFields fields = TargetFields.read(file);
    int r = file.positiveInteger("r", 2);
    return new SharedConfig(r, fields.targets(), fields.taskType(), fields.baseModel());
  }

  @Override
  public ObjectNode write(SharedConfig config) {
    ObjectNode tree = PeftFormat.defaults(peftType());
    tree.put("r", config.r());
    tree.putNull("target_modules");
    TargetFields.write(config, tree);
    return tree;
  }

  @Override
  public void requireSame(String path, SharedConfig present, SharedConfig file) {}
}
