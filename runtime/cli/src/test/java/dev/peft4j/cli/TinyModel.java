package dev.peft4j.cli;

import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.EncoderConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model's folder that is made in a moment: a BERT that knows a few words, and texts for it. */
final class TinyModel {
  static final List<String> WORDS =
      List.of(
          "[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "a", "film", "book", "song", "was", "is",
          "very", "great", "lovely", "fine", "awful", "boring", "poor");

  private TinyModel() {}

  static Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), config());
    Files.writeString(folder.resolve("tokenizer.json"), tokenizer());
    EncoderConfig config =
        EncoderConfig.builder()
            .vocabSize(WORDS.size())
            .hiddenSize(16)
            .layers(2)
            .heads(2)
            .intermediateSize(24)
            .maxPositions(24)
            .labels(List.of("bad", "good"))
            .build();
    BertForSequenceClassification model =
        Rng.with(3, () -> new BertForSequenceClassification(config));
    Map<String, StoredTensor> weights = new LinkedHashMap<>();
    Rng noise = new Rng(4);
    model
        .namedParameters()
        .forEach(
            p -> {
              // larger weights than BERT starts with, so that a few steps show something
              float[] v = p.parameter().own().toFloats();
              float[] n = noise.normal(v.length, 0, std(p.name()));
              for (int i = 0; i < v.length; i++) {
                v[i] += n[i];
              }
              weights.put(p.name(), StoredTensor.of(v, p.parameter().shape().toArray()));
            });
    SafeTensors.write(folder.resolve("model.safetensors"), weights, Map.of("format", "pt"));
    return folder;
  }

  private static float std(String parameter) {
    return parameter.contains("LayerNorm") ? 0 : parameter.contains("word") ? 1f : 0.1f;
  }

  private static String config() {
    return """
    {"model_type": "bert", "vocab_size": %d, "hidden_size": 16, "num_hidden_layers": 2,
     "num_attention_heads": 2, "intermediate_size": 24, "max_position_embeddings": 24, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
     "id2label": {"0": "bad", "1": "good"}, "label2id": {"bad": 0, "good": 1}}
    """
        .formatted(WORDS.size());
  }

  static String tokenizer() {
    StringBuilder vocabulary = new StringBuilder();
    for (int i = 0; i < WORDS.size(); i++) {
      vocabulary
          .append(i == 0 ? "" : ", ")
          .append('"')
          .append(WORDS.get(i))
          .append("\": ")
          .append(i);
    }
    return """
    {"version": "1.0", "truncation": null, "padding": null,
     "added_tokens": [
      {"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false,
       "normalized": false, "special": true}],
     "normalizer": {"type": "Lowercase"},
     "pre_tokenizer": {"type": "Whitespace"},
     "post_processor": {"type": "TemplateProcessing",
      "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
       {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
      "pair": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
       {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
       {"Sequence": {"id": "B", "type_id": 1}}, {"SpecialToken": {"id": "[SEP]", "type_id": 1}}],
      "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
       "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
     "decoder": null,
     "model": {"type": "WordLevel", "vocab": {%s}, "unk_token": "[UNK]"}}
    """
        .formatted(vocabulary);
  }

  /** Lines of JSON: what is said about something, and whether that is positive. */
  static String jsonLines(int count, long seed) {
    StringBuilder out = new StringBuilder();
    for (String[] e : examples(count, seed)) {
      out.append("{\"text\": \"")
          .append(e[0])
          .append("\", \"label\": \"")
          .append(e[1])
          .append("\"}\n");
    }
    return out.toString();
  }

  static String csv(int count, long seed) {
    StringBuilder out = new StringBuilder("id,label,text\n");
    for (String[] e : examples(count, seed)) {
      out.append("1,").append(e[1]).append(",\"").append(e[0]).append("\"\n");
    }
    return out.toString();
  }

  private static List<String[]> examples(int count, long seed) {
    Rng rng = new Rng(seed);
    List<String[]> all = new java.util.ArrayList<>();
    for (int i = 0; i < count; i++) {
      String text =
          pick(rng, "the", "a")
              + " "
              + pick(rng, "film", "book", "song")
              + " "
              + pick(rng, "was", "is")
              + pick(rng, "", " very")
              + " ";
      boolean good = rng.nextDouble() < 0.5;
      String word =
          good ? pick(rng, "great", "lovely", "fine") : pick(rng, "awful", "boring", "poor");
      all.add(new String[] {text + word, good ? "good" : "bad"});
    }
    return all;
  }

  private static String pick(Rng rng, String... words) {
    return words[(int) (rng.nextDouble() * words.length)];
  }
}
