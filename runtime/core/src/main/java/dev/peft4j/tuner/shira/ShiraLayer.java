package dev.peft4j.tuner.shira;

import dev.peft4j.data.Rng;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.nn.Buffer;
import dev.peft4j.nn.Initial;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Parameter;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.LinearAdapter;
import dev.peft4j.tuner.SparsePlaces;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link ShiraTuner} on one layer. */
final class ShiraLayer extends LinearAdapter {
  private final Parameter values;
  private final Buffer indices;
  private volatile @Nullable Chosen chosen;

  /** Places as the buffer had them. */
  private record Chosen(int[] indices, SparsePlaces places) {}

  ShiraLayer(String path, Linear layer, ShiraConfig c, Rng rng) {
    super(layer, 0, rng);
    long n = (long) c.r() * (inputs() + out());
    if (n > (long) inputs() * out()) {
      throw new IllegalArgumentException(
          "'"
              + path
              + "' has "
              + (long) inputs() * out()
              + " numbers, fewer than the "
              + n
              + " that r = "
              + c.r()
              + " asks for");
    }
    TorchGenerator generator = c.seed() < 0 ? new TorchGenerator() : new TorchGenerator(c.seed());
    int[] places = SparsePlaces.drawn(path, out(), inputs(), (int) n, generator);
    Arrays.sort(places); // peft makes a mask of them, and reads it row by row
    int[] rowsAndColumns = new int[2 * places.length];
    for (int i = 0; i < places.length; i++) {
      rowsAndColumns[i] = places[i] / inputs();
      rowsAndColumns[places.length + i] = places[i] % inputs();
    }
    this.indices = new Buffer(Storage.of(rowsAndColumns), Shape.of(2, places.length));
    this.values =
        c.initWeights()
            ? Initial.constant(0, places.length)
            : Initial.normal(rng, 1, places.length);
  }

  private SparsePlaces places() {
    int[] now = indices.own().toInts();
    Chosen c = chosen;
    if (c == null || !Arrays.equals(c.indices, now)) {
      int n = now.length / 2;
      long[] rows = new long[n];
      long[] columns = new long[n];
      for (int i = 0; i < n; i++) {
        rows[i] = now[i];
        columns[i] = now[n + i];
      }
      c = new Chosen(now, new SparsePlaces(rows, columns, out(), inputs()));
      chosen = c;
    }
    return c.places;
  }

  @Override
  protected Tensor added(Tensor x) {
    return places().times(x, values);
  }

  @Override
  protected Tensor delta() {
    return places().matrix(values);
  }

  @Override
  public @Nullable String problem() {
    int[] now = indices.own().toInts();
    for (int i = 0; i < now.length; i++) {
      int size = i < now.length / 2 ? out() : inputs();
      if (now[i] < 0 || now[i] >= size) {
        return "shira_indices of the weight '"
            + layer().weight().name()
            + "' has "
            + now[i]
            + ", but the weight has only "
            + size
            + (i < now.length / 2 ? " rows" : " columns");
      }
    }
    return null;
  }

  @Override
  public List<Entry> parameters() {
    return List.of(new Entry("shira_weight", "", values));
  }

  @Override
  public List<Constant> constants() {
    return List.of(new Constant("shira_indices", "", indices, false));
  }
}
