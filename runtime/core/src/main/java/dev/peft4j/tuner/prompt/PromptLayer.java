package dev.peft4j.tuner.prompt;

import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.TunerLayer;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** An adapter that puts rows in front of what goes through its slot. */
public abstract class PromptLayer implements TunerLayer {
  private static final String GROUP = "prompt_encoder";
  private static final String EMBEDDINGS = "prompt_embeddings";

  private final int tokens;

  /**
   * Creates it.
   *
   * @param tokens number of virtual tokens
   */
  protected PromptLayer(int tokens) {
    this.tokens = tokens;
  }

  /**
   * Returns the rows, (tokens, width), or (batch, tokens, width).
   *
   * @param batch the number of texts
   */
  protected abstract Tensor rows(int batch);

  @Override
  public Tensor forward(Tensor x, UnaryOperator<Tensor> base) {
    Tensor rest = base.apply(x);
    if (rest.dim(0) == 0) { // asks how many there are
      return Tensor.zeros(0, tokens + rest.dim(1), rest.dim(2));
    }
    Tensor rows = rows(rest.dim(0));
    int width = rows.dim(-1);
    Tensor all =
        rows.shape().rank() == 3
            ? rows
            : rows.reshape(1, tokens, width).expand(rest.dim(0), tokens, width);
    return rest.dim(1) == 0 ? all : Tensor.concat(1, all, rest);
  }

  /**
   * Returns an entry.
   *
   * @param name what peft calls it behind the adapter's name
   */
  protected static Entry entry(String name, Parameter parameter) {
    return new Entry(GROUP, name, parameter);
  }

  /** Returns {@code prompt_encoder.default.embedding.weight}, for example. */
  @Override
  public String inMemory(Entry entry, String adapter) {
    return GROUP + "." + adapter + "." + entry.suffix();
  }

  /** Returns the name that a file has: {@code prompt_embeddings} for the table of tokens. */
  @Override
  public String key(Entry entry) {
    return entry.suffix().equals("embedding.weight") ? EMBEDDINGS : GROUP + "." + entry.suffix();
  }

  /**
   * Returns the virtual tokens as files have them, where they are computed from something that
   * files do not have; else null.
   */
  protected @Nullable Tensor product() {
    return null;
  }

  @Override
  public @Nullable StoredTensor stored(Entry entry) {
    Tensor product = product();
    if (product == null) {
      return TunerLayer.super.stored(entry);
    }
    return key(entry).equals(EMBEDDINGS)
        ? new StoredTensor(product.shape(), product.storage())
        : null;
  }

  /** Throws: there is no weight that virtual tokens could become a part of. */
  @Override
  public Map<Parameter, Tensor> merged() {
    throw new IllegalStateException(
        "virtual tokens are no part of any weight, so the adapter cannot be merged");
  }
}
