package dev.peft4j.transformers;

import dev.peft4j.data.Encoding;
import dev.peft4j.data.Encodings;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import java.util.Set;

/** In which encodings the weights of a model are held. */
interface Held {
  /** Chooses the encoding of each weight of a model. */
  @FunctionalInterface
  interface Chooser {
    /**
     * Returns the encoding in which a weight is held.
     *
     * @param own that of its file
     */
    Encoding choose(Parameter weight, Encoding own);
  }

  /** Returns what chooses for a model. */
  Chooser of(Module model);

  /** Every weight stays in the encoding of its file. */
  static Held asStored() {
    return _ -> (_, own) -> own;
  }

  /** One encoding where it applies ({@link Module#parametersFor}), else float32. */
  static Held in(Encoding encoding) {
    if (encoding.dtype().isInteger()) {
      throw new IllegalArgumentException(
          "weights cannot be " + encoding + ", needed an encoding of floating-point numbers");
    }
    return model -> {
      Set<Parameter> coded = model.parametersFor(encoding);
      return (weight, _) -> coded.contains(weight) ? encoding : Encodings.FLOAT32;
    };
  }
}
