package dev.peft4j.samples.gloss;

import dev.peft4j.data.Rng;
import dev.peft4j.samples.gloss.GlossBatches.Batch;
import dev.peft4j.samples.gloss.GlossData.Example;
import dev.peft4j.spark.TrainingRecipe;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.train.Batches;
import dev.peft4j.transformers.BertModel;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.util.List;

/**
 * The way in which each process makes the gloss classifier: the encoder and WordNet's definitions
 * are in jars that every executor has.
 *
 * @param batch definitions that one task computes
 */
record GlossRecipe(int batch) implements TrainingRecipe<BertModel, GlossClassifierPeft, Batch> {
  private static final long serialVersionUID = 1L;
  private static final int MAX_TOKENS = 64;
  private static final int EVERY = 40;

  @Override
  public BertModel base() throws IOException {
    return MiniLm.encoder();
  }

  @Override
  public GlossClassifierPeft adapt(BertModel base) {
    return Rng.with(0, () -> new GlossClassifierPeft(base));
  }

  @Override
  public Batches<Batch> data() throws IOException {
    Tokenizer tokenizer = MiniLm.tokenizer(MAX_TOKENS).padToMultipleOf(4);
    List<Example> all = GlossData.load().train();
    List<Example> some =
        java.util.stream.IntStream.range(0, all.size())
            .filter(i -> i % EVERY == 0)
            .mapToObj(all::get)
            .toList();
    return Batches.shuffled(
        some,
        batch,
        0,
        examples ->
            new Batch(
                tokenizer.encode(examples.stream().map(Example::text).toList()),
                Tensor.of(examples.stream().mapToInt(Example::label).toArray())));
  }

  @Override
  public Tensor loss(GlossClassifierPeft model, Batch batch) {
    return model.forward(batch.texts()).crossEntropy(batch.labels());
  }

  @Override
  public String origin() {
    return "all-MiniLM-L6-v2 on the class path";
  }
}
