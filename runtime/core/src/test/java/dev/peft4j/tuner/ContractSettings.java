package dev.peft4j.tuner;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;

/** Settings of tuners for the small layers of {@link TunerContractTest}, and what differs there. */
final class ContractSettings {
  private ContractSettings() {}

  /** Settings in place of defaults that need larger layers. */
  static ObjectNode small(String peftType) {
    return json(
        switch (peftType) {
          case "C3A" -> "{'block_size': 2}";
          case "FOURIERFT" -> "{'n_frequency': 7, 'scaling': 4}";
          case "WAVEFT" -> "{'n_frequency': 7, 'scaling': 1}";
          case "VBLORA" ->
              "{'num_vectors': 5, 'vector_length': 2, 'init_vector_bank_bound': 0.5,"
                  + " 'init_logits_std': 3}";
          case "RANDLORA" -> "{'randlora_alpha': 4}";
          case "UNILORA" -> "{'theta_d_length': 9, 'init_theta_d_bound': 0.5}";
          case "TINYLORA" -> "{'u': 5}";
          case "FROD" -> "{'sparse_rate': 0.2}";
          case "DELORA" -> "{'delora_lambda': 2}";
          case "ADAMSS" -> "{'num_subspaces': 2, 'r': 3}";
          default -> "{}";
        });
  }

  /** Further settings that change what a tuner computes. */
  static List<String> variants(String peftType) {
    return switch (peftType) {
      case "VERA" -> List.of("{'save_projection': false, 'projection_prng_key': 3}");
      case "PVERA" -> List.of("{'save_projection': false, 'd_initial': 0.5}");
      case "RANDLORA" ->
          List.of(
              "{'sparse': true}", "{'very_sparse': true, 'save_projection': false}", "{'r': 5}");
      case "VBLORA" -> List.of("{'topk': 3}", "{'topk': 1}");
      case "FOURIERFT" -> List.of("{'n_frequency_pattern': {'target': 3}, 'random_loc_seed': 5}");
      case "WAVEFT" ->
          List.of(
              "{'wavelet_family': 'db2'}",
              "{'wavelet_family': 'coif1', 'proportional_parameters': true}",
              "{'use_idwt': false}");
      case "C3A" -> List.of("{'init_weights': true}", "{'block_size_pattern': {'target': 1}}");
      case "SHIRA" -> List.of("{'random_seed': 4, 'r': 1}");
      case "DELORA" -> List.of("{'rank_pattern': {'target': 1}, 'lambda_pattern': {'target': 3}}");
      case "UNILORA" -> List.of("{'save_indices': true, 'proj_seed': 4}");
      case "TINYLORA" ->
          List.of("{'weight_tying': 1.0, 'save_projection': false}", "{'init_weights': 'uniform'}");
      case "FROD" -> List.of("{'save_projection': false, 'projection_prng_key': 3}");
      case "ADAMSS" -> List.of("{'use_dynamic_rank': true, 'subspace_rank': 2}");
      case "OSF" -> List.of("{'effective_rank': 1}", "{'effective_rank': 0.8}");
      default -> List.of();
    };
  }

  /** Whether an adapter of the defaults changes the model from the start, as it does in peft. */
  static boolean startsElsewhere(String peftType) {
    return Set.of("C3A", "FOURIERFT", "VBLORA", "UNILORA", "TINYLORA").contains(peftType);
  }

  /**
   * Whether a gradient is that of the function: peft projects OSF's, and DeLoRA's curve too much
   * for differences.
   */
  static boolean comparesGradients(String peftType, String parameter) {
    return !(peftType.equals("OSF") && parameter.matches(".*\\.[UV]_low")
        || peftType.equals("DELORA") && parameter.contains("delora_B"));
  }

  /** Whether training draws numbers, so that two passes differ. */
  static boolean drawsInTraining(String peftType) {
    return peftType.equals("PVERA");
  }

  private static ObjectNode json(String text) {
    try {
      return (ObjectNode) new ObjectMapper().readTree(text.replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
