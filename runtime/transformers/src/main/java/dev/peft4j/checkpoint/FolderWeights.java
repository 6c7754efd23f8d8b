package dev.peft4j.checkpoint;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import dev.peft4j.io.FileFormatException;
import dev.peft4j.io.ModelFolder;
import java.nio.file.Path;
import java.util.List;

/** The weights of a folder of safetensors. */
final class FolderWeights implements WeightSource {
  private final ModelFolder folder;

  FolderWeights(ModelFolder folder) {
    this.folder = folder;
  }

  @Override
  public Path path() {
    return folder.folder();
  }

  @Override
  public List<String> names() {
    return folder.names();
  }

  @Override
  public Shape shape(String name) throws FileFormatException {
    return folder.info(name).shape();
  }

  @Override
  public boolean isFloat(String name) throws FileFormatException {
    return folder.info(name).type().isFloat();
  }

  @Override
  public String type(String name) throws FileFormatException {
    return folder.info(name).type().name();
  }

  @Override
  public Encoding encoding(String name) throws FileFormatException {
    return switch (folder.info(name).type()) {
      case F16 -> Encodings.FLOAT16;
      case BF16 -> Encodings.BFLOAT16;
      default -> Encodings.FLOAT32;
    };
  }

  @Override
  public Storage storage(String name, Encoding wanted) throws FileFormatException {
    return folder.storage(name, wanted);
  }
}
