import com.example.toy.Toy;
import dev.peft4j.data.Rng;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.Layer;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import java.nio.file.Path;
import java.util.Arrays;

@Toy(target = "fc1", gain = 2)
public class Model extends Module implements Layer {
  final Linear fc1 = new Linear(3, 4);
  final Linear fc2 = new Linear(4, 2);
  final Embedding words = new Embedding(5, 3);

  @Override
  public Tensor forward(Tensor x) {
    return fc2.forward(fc1.forward(x).tanh());
  }

  /** Trains, saves and loads; prints what can be compared. */
  public static void main(String[] args) {
    Path folder = Path.of(args[0]);
    Tensor x = Tensor.of(new Rng(1).normal(12, 0, 1), 4, 3);
    Tensor y = Tensor.of(new long[] {0, 1, 1, 0}, 4);
    ModelPeft model = Rng.with(7, ModelPeft::new);
    AdamW optimizer = AdamW.builder().lr(0.1f).build(model.trainableParameters());
    float first = 0;
    float last = 0;
    for (int i = 0; i < 20; i++) {
      Tensor loss = model.forward(x).crossEntropy(y);
      loss.backward();
      optimizer.step();
      last = loss.toFloats()[0];
      first = i == 0 ? last : first;
    }
    System.out.println("learns " + (last < 0.9 * first));
    System.out.println(model.trainableSummary());
    model.eval();
    float[] trained = model.forward(x).toFloats();
    model.save(folder);
    var loaded = ModelPeft.adapt(Rng.with(7, Model::new));
    loaded.load(folder);
    loaded.model().eval();
    System.out.println(
        "loaded " + Arrays.equals(trained, loaded.call(m -> m.forward(x)).toFloats()));
    loaded.mergeAndUnload();
    float[] merged = loaded.model().forward(x).toFloats();
    boolean same = true;
    for (int i = 0; i < merged.length; i++) {
      same &= Math.abs(merged[i] - trained[i]) < 1e-5;
    }
    System.out.println("merged " + same);
  }
}
