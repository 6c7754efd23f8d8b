package dev.peft4j.spark;

import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Module;
import dev.peft4j.transformers.BertForSequenceClassification;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.EncoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Folders of models that are made in a moment: a BERT and a Llama that know a few words. */
final class TinyFolders {
  static final List<String> WORDS =
      List.of(
          "[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "a", "film", "book", "song", "was", "is",
          "very", "great", "lovely", "fine", "awful", "boring", "poor");

  private TinyFolders() {}

  /** A classifier of "bad" and "good", with dropout. */
  static Path classifier(Path folder) throws IOException {
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
    String json =
        """
        {"model_type": "bert", "vocab_size": %d, "hidden_size": 16, "num_hidden_layers": 2,
         "architectures": ["BertForSequenceClassification"],
         "num_attention_heads": 2, "intermediate_size": 24, "max_position_embeddings": 24,
         "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.0,
         "id2label": {"0": "bad", "1": "good"}, "label2id": {"bad": 0, "good": 1}}
        """
            .formatted(WORDS.size());
    return write(folder, json, Rng.with(3, () -> new BertForSequenceClassification(config)));
  }

  /** A language model. */
  static Path decoder(Path folder) throws IOException {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(WORDS.size())
            .hiddenSize(16)
            .intermediateSize(24)
            .layers(2)
            .heads(2)
            .kvHeads(2)
            .headDim(8)
            .maxPositions(32)
            .tied(false)
            .build();
    String json =
        """
        {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": %d,
         "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2,
         "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 8,
         "max_position_embeddings": 32, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
         "hidden_act": "silu", "tie_word_embeddings": false, "bos_token_id": 2, "eos_token_id": 3,
         "torch_dtype": "float32"}
        """
            .formatted(WORDS.size());
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"[SEP]\"}");
    return write(folder, json, Rng.with(5, () -> new LlamaForCausalLM(config)));
  }

  private static Path write(Path folder, String config, Module model) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("config.json"), config);
    Files.writeString(folder.resolve("tokenizer.json"), tokenizer());
    Map<String, StoredTensor> weights = new LinkedHashMap<>();
    Rng noise = new Rng(4);
    model
        .namedParameters()
        .forEach(
            p -> {
              float[] v = p.parameter().own().toFloats();
              float[] n = noise.normal(v.length, 0, p.name().contains("orm") ? 0 : 0.3f);
              for (int i = 0; i < v.length; i++) {
                v[i] += n[i];
              }
              weights.put(p.name(), StoredTensor.of(v, p.parameter().shape().toArray()));
            });
    SafeTensors.write(folder.resolve("model.safetensors"), weights, Map.of("format", "pt"));
    return folder;
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

  /** Texts, each with whether that is good or bad. */
  static List<String[]> examples(int count, long seed) {
    Rng rng = new Rng(seed);
    List<String[]> all = new ArrayList<>();
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
