package dev.peft4j.spark;

import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Encoder;
import dev.peft4j.transformers.Pooling;
import dev.peft4j.transformers.SequenceClassifier;
import dev.peft4j.transformers.TokenBatch;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import scala.jdk.javaapi.CollectionConverters;

/** A model that gives the columns of some texts; for several threads at once. */
interface Predictor {
  /** Returns the values of the columns for each text. */
  List<@Nullable Object[]> predict(List<String> texts);

  /** Loads a model with its adapter. */
  static Predictor load(
      Path folder, @Nullable Path adapter, PredictionKind kind, PredictionSettings settings)
      throws IOException {
    return switch (kind) {
      case LABEL -> labels(folder, adapter, settings);
      case TEXT -> texts(folder, adapter, settings);
      case EMBEDDING -> embeddings(folder, adapter, settings);
    };
  }

  private static void adapt(Module model, @Nullable Path adapter) {
    if (adapter != null) {
      PeftModel.load(model, adapter);
    }
    model.eval();
  }

  private static Tokenizer tokenizer(Path folder, int limit, PredictionSettings settings)
      throws IOException {
    int most = Math.min(limit, Tokenizer.modelMaxLength(folder));
    int asked = settings.maxLength();
    return Tokenizer.load(folder, asked == 0 ? most : Math.min(most, asked));
  }

  private static Predictor labels(Path folder, @Nullable Path adapter, PredictionSettings settings)
      throws IOException {
    List<String> named = LabelNames.of(folder, adapter);
    SequenceClassifier model =
        named == null
            ? Transformers.sequenceClassifier(folder)
            : Transformers.sequenceClassifier(folder, named);
    adapt(model, adapter);
    List<String> names = model.config().labels();
    Tokenizer tokenizer = tokenizer(folder, model.config().maxTokens(), settings);
    return some -> {
      Tensor logits = model.forward(tokenizer.encode(some));
      float[] p = logits.softmax(-1).toFloats();
      int[] best = logits.argmax();
      List<@Nullable Object[]> rows = new ArrayList<>();
      for (int i = 0; i < best.length; i++) {
        Map<String, Double> each = new LinkedHashMap<>();
        for (int l = 0; l < names.size(); l++) {
          each.put(names.get(l), (double) p[i * names.size() + l]);
        }
        rows.add(new Object[] {names.get(best[i]), CollectionConverters.asScala(each)});
      }
      return rows;
    };
  }

  private static Predictor texts(Path folder, @Nullable Path adapter, PredictionSettings settings)
      throws IOException {
    CausalLm model = Transformers.causalLm(folder);
    adapt(model, adapter);
    Tokenizer tokenizer = tokenizer(folder, model.config().maxPositions(), settings);
    GenerationConfig config = GenerationConfig.read(folder);
    Generator generator =
        Generator.of(model, tokenizer)
            .with(
                settings.maxNewTokens() == 0
                    ? config
                    : config.toBuilder().maxNewTokens(settings.maxNewTokens()).build());
    return some -> {
      List<@Nullable Object[]> rows = new ArrayList<>();
      generator.generate(some).rows().forEach(g -> rows.add(new Object[] {g.text()}));
      return rows;
    };
  }

  private static Predictor embeddings(
      Path folder, @Nullable Path adapter, PredictionSettings settings) throws IOException {
    Encoder model = Transformers.encoder(folder);
    adapt(model, adapter);
    Tokenizer tokenizer = tokenizer(folder, model.config().maxTokens(), settings);
    return some -> {
      TokenBatch batch = tokenizer.encode(some);
      Tensor pooled = Pooling.mean(model.forward(batch), batch.attentionMask());
      int width = pooled.dim(1);
      float[] values = pooled.toFloats();
      List<@Nullable Object[]> rows = new ArrayList<>();
      for (int i = 0; i < some.size(); i++) {
        rows.add(new Object[] {CollectionConverters.asScala(unit(values, i * width, width))});
      }
      return rows;
    };
  }

  private static List<Float> unit(float[] values, int from, int n) {
    double square = 0;
    for (int i = from; i < from + n; i++) {
      square += (double) values[i] * values[i];
    }
    double length = Math.sqrt(square);
    List<Float> unit = new ArrayList<>();
    for (int i = from; i < from + n; i++) {
      unit.add((float) (length == 0 ? 0 : values[i] / length));
    }
    return unit;
  }
}
