package dev.peft4j.cli;

import dev.peft4j.data.Rng;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.LlamaForCausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A decoder's folder that is made in a moment: a Llama that knows the words of {@link TinyModel}.
 */
final class TinyDecoder {
  private TinyDecoder() {}

  static Path write(Path folder) throws IOException {
    return write(folder, TinyModel.WORDS.size());
  }

  /** With so many tokens in the model. */
  static Path write(Path folder, int vocabulary) throws IOException {
    TinyModel.write(folder); // for the tokenizer
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "llama", "vocab_size": %d, "hidden_size": 16, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 4,
         "intermediate_size": 24, "max_position_embeddings": 12, "tie_word_embeddings": false,
         "eos_token_id": 3}
        """
            .formatted(vocabulary));
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"eos_token\": \"[SEP]\"}");
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(vocabulary)
            .hiddenSize(16)
            .layers(2)
            .heads(4)
            .kvHeads(2)
            .headDim(4)
            .intermediateSize(24)
            .maxPositions(12)
            .initializerRange(0.3)
            .tied(false)
            .build();
    LlamaForCausalLM model = Rng.with(3, () -> new LlamaForCausalLM(config));
    Map<String, StoredTensor> weights = new LinkedHashMap<>();
    model
        .namedParameters()
        .forEach(
            p ->
                weights.put(
                    p.name(), new StoredTensor(p.parameter().shape(), p.parameter().own())));
    SafeTensors.write(folder.resolve("model.safetensors"), weights, Map.of("format", "pt"));
    return folder;
  }
}
