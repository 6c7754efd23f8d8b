package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.peft4j.nn.NamedParameter;
import dev.peft4j.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Equal to transformers: names, outputs, loss and gradients. */
class BertGoldenTest {
  private static final double NEAR = 5e-6;

  private final Tensor ids = Tiny.io("input.ids");
  private final Tensor mask = Tiny.io("input.mask");
  private final Tensor types = Tiny.io("input.types");
  private final Tensor labels = Tiny.io("input.labels");

  @Test
  void namesShapesAndOrderOfParameters() throws IOException {
    List<String> mine = new ArrayList<>();
    for (NamedParameter p :
        Transformers.bertForSequenceClassification(Tiny.FOLDER).namedParameters()) {
      mine.add(p.name() + " " + p.parameter().shape());
    }
    assertThat(mine).isEqualTo(Files.readAllLines(Tiny.FOLDER.resolve("params.txt")));
  }

  @Test
  void hiddenStatesPoolingAndLogits() throws IOException {
    BertForSequenceClassification model = Transformers.bertForSequenceClassification(Tiny.FOLDER);
    assertThat(model.training()).isFalse();
    Tensor hidden = model.bert().forward(ids, mask, types);
    near(hidden, "hidden");
    near(model.bert().pooler().forward(hidden), "pooled");
    near(Pooling.mean(hidden, mask), "mean");
    near(model.forward(ids, mask, types), "logits");
  }

  @Test
  void encoderAloneComputesTheSame() throws IOException {
    BertModel encoder = Transformers.bertModel(Tiny.FOLDER);
    near(encoder.forward(ids, mask, types), "hidden");
  }

  @Test
  void lossAndGradients() throws IOException {
    BertForSequenceClassification model = Transformers.bertForSequenceClassification(Tiny.FOLDER);
    Tensor loss = model.loss(model.forward(ids, mask, types), labels);
    loss.backward();
    assertThat((double) loss.item()).isCloseTo(Tiny.io("loss").item(), offset(NEAR));
    for (NamedParameter p : model.namedParameters()) {
      Tensor grad = p.parameter().grad();
      assertThat(grad).as(p.name()).isNotNull();
      assertThat(Tiny.largestDifference(grad.toFloats(), Tiny.io("grad." + p.name()).toFloats()))
          .as(p.name())
          .isLessThan(NEAR);
    }
  }

  @Test
  void explicitAttentionInTrainingEqualsTheFusedOne() throws IOException {
    // dropout so rare that it drops nothing here: only the path differs
    EncoderConfig config =
        Transformers.encoderConfig(Tiny.FOLDER).toBuilder()
            .dropout(0)
            .attentionDropout(1e-9)
            .build();
    BertForSequenceClassification model =
        Transformers.load(Tiny.FOLDER, new BertForSequenceClassification(config));
    model.train();
    near(model.forward(ids, mask, types), "logits");
  }

  @Test
  void dropoutActsInTrainingOnly() throws IOException {
    BertForSequenceClassification model = Transformers.bertForSequenceClassification(Tiny.FOLDER);
    model.train();
    float[] first = model.forward(ids, mask, types).toFloats();
    float[] second = model.forward(ids, mask, types).toFloats();
    assertThat(Tiny.largestDifference(first, second)).isGreaterThan(1e-3);
    model.eval();
    near(model.forward(ids, mask, types), "logits");
  }

  @Test
  void paddingDoesNotMatter() throws IOException {
    BertForSequenceClassification model = Transformers.bertForSequenceClassification(Tiny.FOLDER);
    // row 1 without its padding
    int tokens = (int) Arrays.stream(mask.slice(0, 1, 2).toLongs()).sum();
    assertThat(tokens).isLessThan(ids.dim(1));
    Tensor alone =
        model.forward(
            Tensor.of(ids.slice(0, 1, 2).slice(1, 0, tokens).toLongs(), 1, tokens), null, null);
    float[] expected = Tiny.io("logits").slice(0, 1, 2).toFloats();
    assertThat(Tiny.largestDifference(alone.toFloats(), expected)).isLessThan(NEAR);
  }

  @Test
  void withoutMaskPaddingIsSeen() throws IOException {
    BertForSequenceClassification model = Transformers.bertForSequenceClassification(Tiny.FOLDER);
    float[] blind = model.forward(ids, null, types).toFloats();
    assertThat(Tiny.largestDifference(blind, Tiny.io("logits").toFloats())).isGreaterThan(1e-3);
  }

  @Test
  void floatMaskAndInt32IdsAreTheSame() throws IOException {
    BertForSequenceClassification model = Transformers.bertForSequenceClassification(Tiny.FOLDER);
    Tensor floats = Tensor.of(mask.toFloats(), mask.dim(0), mask.dim(1));
    Tensor ints = Tensor.of(ids.toInts(), ids.dim(0), ids.dim(1));
    near(model.forward(ints, floats, types), "logits");
  }

  private static void near(Tensor mine, String name) {
    Tensor theirs = Tiny.io(name);
    assertThat(mine.shape()).isEqualTo(theirs.shape());
    assertThat(Tiny.largestDifference(mine.toFloats(), theirs.toFloats()))
        .as(name)
        .isLessThan(NEAR);
  }
}
