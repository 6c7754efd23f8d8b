package dev.peft4j.transformers;

import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A decoder with a classifier of whole texts, {@code score}: it reads the hidden state of the
 * rightmost token that is not {@code pad_token_id}, and without such a setting that of the last
 * token.
 */
public final class DecoderSequenceClassifier extends SequenceClassifier {
  private static final String HEAD = "score";

  private final DecoderEncoder encoder;
  private final Linear score;

  DecoderSequenceClassifier(EncoderConfig config, Init init) {
    this.encoder = new DecoderEncoder(config, init);
    this.score = init.linear(config.hiddenSize(), config.numLabels(), false);
  }

  @Override
  public SequencedMap<String, Module> children() {
    SequencedMap<String, Module> children = new LinkedHashMap<>();
    children.put(encoder.decoderConfig().style().name(DecoderPart.BASE), encoder);
    children.put(HEAD, score);
    return children;
  }

  @Override
  public Set<String> outputHeads() {
    return Set.of(HEAD);
  }

  @Override
  public Tensor forward(Tensor inputIds, @Nullable Tensor mask, @Nullable Tensor tokenTypeIds) {
    Tensor hidden = encoder.forward(inputIds, mask, tokenTypeIds);
    Tensor rows = hidden.reshape(-1, hidden.dim(2));
    return score.forward(rows.embedding(lastTokens(inputIds, mask)));
  }

  /** Returns the row of each text's last token among the rows of all tokens. */
  private Tensor lastTokens(Tensor inputIds, @Nullable Tensor mask) {
    int tokens = inputIds.dim(1);
    int[] last = new int[inputIds.dim(0)];
    boolean[] token = tokens(inputIds, mask);
    for (int b = 0; b < last.length; b++) {
      int at = b * tokens + tokens - 1;
      while (at > b * tokens && !token[at]) {
        at--;
      }
      last[b] = at;
    }
    return Tensor.of(last, last.length);
  }

  /** Returns which places are tokens: not the padding's, or, without such a token, by the mask. */
  private boolean[] tokens(Tensor inputIds, @Nullable Tensor mask) {
    long[] ids = inputIds.toLongs();
    boolean[] token = new boolean[ids.length];
    Integer pad = encoder.decoderConfig().tokens().pad();
    if (pad == null && mask != null) {
      float[] seen = mask.toFloat().toFloats();
      for (int i = 0; i < token.length; i++) {
        token[i] = seen[i] != 0;
      }
      return token;
    }
    for (int i = 0; i < token.length; i++) {
      token[i] = pad == null || ids[i] != pad;
    }
    return token;
  }

  @Override
  protected Tensor head(Tensor hidden, @Nullable Tensor mask) {
    return score.forward(hidden);
  }

  @Override
  public DecoderEncoder encoder() {
    return encoder;
  }

  /** Returns the classifier. */
  public Linear score() {
    return score;
  }
}
