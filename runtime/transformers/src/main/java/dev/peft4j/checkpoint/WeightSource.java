package dev.peft4j.checkpoint;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The weights of a model under Hugging Face's names, wherever they are stored. */
public interface WeightSource {
  /**
   * Opens the weights of a folder, which its {@code config.json} may say were quantized.
   *
   * @throws FileFormatException if it is not the folder of a model, or quantized in a way that is
   *     not known, which is named
   */
  static WeightSource open(dev.peft4j.io.ModelFolder folder) throws IOException {
    String method = QuantMethods.of(folder);
    return method == null ? new FolderWeights(folder) : new BitsandbytesWeights(folder);
  }

  /** Returns the folder or file. */
  Path path();

  /** Returns the names of the weights. */
  List<String> names();

  /** Returns the shape of a weight. */
  Shape shape(String name) throws FileFormatException;

  /** Returns true if a weight's numbers are floating-point numbers that can be read. */
  boolean isFloat(String name) throws FileFormatException;

  /** Returns the name of a weight's type in its file. */
  String type(String name) throws FileFormatException;

  /**
   * Returns the encoding in which a weight is held unless another one is asked for: that of its
   * file, or {@code FLOAT32} where that one has to be converted.
   */
  Encoding encoding(String name) throws FileFormatException;

  /**
   * Returns the numbers of a weight in an encoding of floating-point numbers; usually the file's
   * own memory where it has that encoding, which must not be written to.
   *
   * @throws FileFormatException if there is no such weight, or it cannot be held in that encoding
   */
  Storage storage(String name, Encoding wanted) throws FileFormatException;
}
