package dev.peft4j.checkpoint;

import dev.peft4j.checkpoint.GgufArchitecture.Change;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import java.nio.file.Path;
import java.util.List;

/**
 * Weights whose matrices, where a family has rows and columns exchanged (GPT-2's Conv1D), are those
 * of ordinary linear layers: blocks of codes go along inputs.
 */
public final class TurnedWeights implements WeightSource {
  private final WeightSource source;
  private final GgufArchitecture architecture;

  private TurnedWeights(WeightSource source, GgufArchitecture architecture) {
    this.source = source;
    this.architecture = architecture;
  }

  /** Turns the matrices of a family; packed ones are turned already. */
  public static WeightSource of(WeightSource source, String modelType) {
    GgufArchitecture a = GgufArchitecture.ofModelType(modelType);
    return a == null ? source : new TurnedWeights(source, a);
  }

  private boolean turns(String name) throws FileFormatException {
    int dot = name.lastIndexOf('.');
    return architecture.change(name.substring(0, dot), name.substring(dot + 1)) == Change.TRANSPOSED
        && !source.encoding(name).hasBlocks()
        && source.shape(name).rank() == 2;
  }

  @Override
  public Path path() {
    return source.path();
  }

  @Override
  public List<String> names() {
    return source.names();
  }

  @Override
  public Shape shape(String name) throws FileFormatException {
    Shape s = source.shape(name);
    return turns(name) ? Shape.of(s.dim(1), s.dim(0)) : s;
  }

  @Override
  public boolean isFloat(String name) throws FileFormatException {
    return source.isFloat(name);
  }

  @Override
  public String type(String name) throws FileFormatException {
    return source.type(name);
  }

  @Override
  public Encoding encoding(String name) throws FileFormatException {
    return source.encoding(name);
  }

  @Override
  public Storage storage(String name, Encoding wanted) throws FileFormatException {
    if (!turns(name)) {
      return source.storage(name, wanted);
    }
    Encoding own = source.encoding(name).hasBlocks() ? Encodings.FLOAT32 : source.encoding(name);
    Storage turned = WeightChanges.transposed(source.storage(name, own), source.shape(name));
    return wanted.equals(own) ? turned : turned.copyAs(wanted.forShape(shape(name)));
  }
}
