package dev.peft4j.transformers;

import dev.peft4j.log.Log;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** The warning of settings in a {@code config.json} that a family does not know. */
final class UnknownSettings {
  private static final Log LOG = Log.of(UnknownSettings.class);
  private static final int MAX_LISTED = 10;

  /** Settings that change nothing that a model computes. */
  private static final Set<String> HARMLESS =
      Set.of(
          "architectures",
          "auto_map",
          "bad_words_ids",
          "cache_implementation",
          "cls_token_id",
          "chunk_size_feed_forward",
          "decoder_start_token_id",
          "dtype",
          "finetuning_task",
          "id2label",
          "is_decoder",
          "is_llama_config",
          "label2id",
          "mask_token_id",
          "model_max_length",
          "model_type",
          "num_labels",
          "output_attentions",
          "output_hidden_states",
          "output_router_logits",
          "prefix",
          "pretraining_tp",
          "problem_type",
          "return_dict",
          "sep_token_id",
          "task_specific_params",
          "tokenizer_class",
          "torch_dtype",
          "torchscript",
          "transformers.js_config",
          "transformers_version",
          "unk_token_id",
          "unsloth_version",
          "use_bfloat16",
          "use_cache");

  private UnknownSettings() {}

  /** Warns once of all settings that nobody has read and that are not off. */
  static void warn(ConfigReader in, Path file) {
    List<String> unknown =
        in.unread().stream()
            .filter(name -> !HARMLESS.contains(name) && !name.startsWith("_") && !in.isOff(name))
            .sorted()
            .toList();
    if (!unknown.isEmpty()) {
      int more = unknown.size() - MAX_LISTED;
      LOG.warn(
          "{}: settings that this family does not know ({}): {}",
          file,
          unknown.size(),
          unknown.stream()
                  .limit(MAX_LISTED)
                  .map(JsonPart::shortened)
                  .collect(Collectors.joining(", "))
              + (more > 0 ? " and " + more + " more" : ""));
    }
  }
}
