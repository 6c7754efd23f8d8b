package dev.peft4j.transformers;

import dev.peft4j.nn.Dropout;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A decoder with a classifier of each token, which knows the tokens before it. */
public final class DecoderTokenClassifier extends TokenClassifier {
  private final String name;
  private final DecoderEncoder encoder;
  private final Dropout dropout;
  private final Linear head;

  DecoderTokenClassifier(String name, EncoderConfig config, Init init) {
    this.name = name;
    this.encoder = new DecoderEncoder(config, init);
    this.dropout = new Dropout(config.dropoutOfClassifier());
    this.head = init.linear(config.hiddenSize(), config.numLabels());
  }

  @Override
  public SequencedMap<String, Module> children() {
    SequencedMap<String, Module> children = new LinkedHashMap<>();
    children.put(encoder.decoderConfig().style().name(DecoderPart.BASE), encoder);
    children.put("dropout", dropout);
    children.put(name, head);
    return children;
  }

  @Override
  public Set<String> outputHeads() {
    return Set.of(name);
  }

  @Override
  protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
    return head.forward(dropout.forward(hidden));
  }

  @Override
  public DecoderEncoder encoder() {
    return encoder;
  }

  /** Returns the classifier. */
  public Linear classifier() {
    return head;
  }
}
