package dev.peft4j.chat;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What a model's folder says about its templates, and about the special tokens that they name. */
final class TemplateFolder {
  static final String FILE = "chat_template.jinja";
  static final String CONFIG = "tokenizer_config.json";
  static final String DEFAULT = "default";

  private static final List<String> TOKENS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  final Map<String, String> templates = new LinkedHashMap<>();
  final Map<String, String> tokens = new LinkedHashMap<>();

  TemplateFolder(Path folder) throws IOException {
    JsonNode config = read(folder.resolve(CONFIG));
    JsonNode map = read(folder.resolve("special_tokens_map.json"));
    for (String token : TOKENS) {
      String text = token(config.path(token));
      text = text == null ? token(map.path(token)) : text;
      if (text != null) {
        tokens.put(token, text);
      }
    }
    // Those that a model has besides: an image's, a tool's.
    for (String more : List.of("extra_special_tokens", "model_specific_special_tokens")) {
      config
          .path(more)
          .properties()
          .forEach(
              e -> {
                String text = token(e.getValue());
                if (text != null) {
                  tokens.put(e.getKey(), text);
                }
              });
    }
    fromConfig(folder, config.path("chat_template"));
    if (templates.isEmpty()) {
      fromConfig(folder, read(folder.resolve("chat_template.json")).path("chat_template"));
    }
    Path file = folder.resolve(FILE);
    if (Files.isRegularFile(file)) {
      templates.clear();
      templates.put(DEFAULT, text(file));
    }
    Path more = folder.resolve("additional_chat_templates");
    if (Files.isDirectory(more)) {
      try (Stream<Path> files = Files.list(more)) {
        for (Path f : files.sorted().toList()) {
          String name = String.valueOf(f.getFileName());
          if (name.endsWith(".jinja")) {
            templates.put(name.substring(0, name.length() - 6), text(f));
          }
        }
      }
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  private static JsonNode read(Path file) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    if (!Files.isRegularFile(file)) {
      return mapper.createObjectNode();
    }
    try {
      return mapper.readTree(Files.readAllBytes(file));
    } catch (JacksonException e) {
      throw ChatTemplateException.input(file.toString(), "is not JSON: " + e.getOriginalMessage());
    }
  }

  private static @org.jspecify.annotations.Nullable String token(JsonNode node) {
    JsonNode content = node.isObject() ? node.path("content") : node;
    return content.isTextual() ? content.textValue() : null;
  }

  private void fromConfig(Path folder, JsonNode node) {
    if (node.isTextual()) {
      templates.put(DEFAULT, node.textValue());
    } else if (node.isArray()) {
      for (JsonNode one : node) {
        if (!one.path("name").isTextual() || !one.path("template").isTextual()) {
          throw ChatTemplateException.input(
              folder.resolve(CONFIG).toString(),
              "each entry of chat_template has a name and a template, but one is " + one);
        }
        templates.put(one.path("name").textValue(), one.path("template").textValue());
      }
    } else if (node.isObject()) {
      node.properties().forEach(e -> templates.put(e.getKey(), e.getValue().asText()));
    }
  }
}
