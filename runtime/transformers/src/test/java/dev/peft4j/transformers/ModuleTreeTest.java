package dev.peft4j.transformers;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.annotation.ModuleTree;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.NamedModule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the classes of decoders say about their modules is what there is. */
class ModuleTreeTest {
  private static final String SIZES =
      """
      {"vocab_size": 16, "hidden_size": 16, "intermediate_size": 12, "num_hidden_layers": 2,
       "num_attention_heads": 2, "num_key_value_heads": 2, "n_embd": 16, "n_layer": 2, "n_head": 2,
       "head_dim": 8, "max_position_embeddings": 32, "pad_token_id": 0, "bos_token_id": 1,
       "eos_token_id": 2}
      """;

  /** Settings with which there are further modules, or others. */
  private static final Map<String, List<String>> VARIANTS =
      Map.of(
          "phi", List.of("{\"qk_layernorm\": true}"),
          "stablelm", List.of("{\"qk_layernorm\": true}"),
          "cohere", List.of("{\"use_qk_norm\": true}"),
          "falcon",
              List.of(
                  "{\"new_decoder_architecture\": true}",
                  "{\"parallel_attn\": false, \"multi_query\": false, \"alibi\": true}"));

  static List<DecoderFamily> families() {
    return ModelFamily.all().stream()
        .filter(DecoderFamily.class::isInstance)
        .map(DecoderFamily.class::cast)
        .toList();
  }

  private static CausalLm model(DecoderFamily family, String more) throws IOException {
    JsonMapper json = new JsonMapper();
    ObjectNode tree = (ObjectNode) json.readTree(SIZES);
    tree.put("model_type", family.modelType()).setAll((ObjectNode) json.readTree(more));
    ConfigReader in = new ConfigReader(tree, Path.of("config.json"));
    return family.causalLm(family.decoderConfig(in), Init.zeros());
  }

  private static Map<String, String> listed(Class<?> type) {
    ModuleTree tree = type.getAnnotation(ModuleTree.class);
    assertThat(tree).as(type.getName()).isNotNull();
    Map<String, String> lines =
        tree.like() == void.class ? new LinkedHashMap<>() : listed(tree.like());
    for (String line : tree.value()) {
      String[] parts = line.split(": ");
      lines.put(parts[0], parts.length > 1 ? parts[1] : "");
    }
    return lines;
  }

  private static String outputHead(Class<?> type) {
    ModuleTree tree = type.getAnnotation(ModuleTree.class);
    return tree.outputHead().isEmpty() && tree.like() != void.class
        ? outputHead(tree.like())
        : tree.outputHead();
  }

  @ParameterizedTest
  @MethodSource("families")
  void listsTheModulesThatThereAre(DecoderFamily family) throws IOException {
    Set<String> found = new LinkedHashSet<>();
    List<String> variants = new java.util.ArrayList<>(List.of("{}"));
    variants.addAll(VARIANTS.getOrDefault(family.modelType(), List.of()));
    Map<String, String> listed = Map.of();
    for (String variant : variants) {
      CausalLm model = model(family, variant);
      listed = listed(model.getClass());
      assertThat(model.outputHeads()).containsExactly(outputHead(model.getClass()));
      for (NamedModule m : model.namedModules()) {
        if (m.module().children().isEmpty() && !m.module().parameters().isEmpty()) {
          String path = m.name().replaceAll("\\.\\d+", ".*");
          found.add(path);
          Class<?> type = m.module().getClass();
          boolean ofLibrary = type.getPackageName().equals(Linear.class.getPackageName());
          assertThat(listed)
              .as(variant)
              .containsEntry(path, ofLibrary ? type.getSimpleName() : type.getName());
        }
      }
    }
    assertThat(found).containsExactlyInAnyOrderElementsOf(listed.keySet());
  }
}
