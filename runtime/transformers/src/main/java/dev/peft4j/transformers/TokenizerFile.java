package dev.peft4j.transformers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;

/** What has to be known of a {@code tokenizer.json} besides what the tokenizer itself reads. */
final class TokenizerFile {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Set<String> PAD_TOKENS = Set.of("[PAD]", "<pad>");

  private TokenizerFile() {}

  /**
   * The id that fills up shorter texts: the file's own, that of a token which is called so, or 0. A
   * model never sees it, as the mask is 0 there; but it has to be in the vocabulary.
   *
   * @throws FileFormatException if the file is no JSON object with a model
   */
  static long padId(byte[] json, Path file) throws IOException {
    JsonNode tree;
    try {
      tree = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      String where = e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr();
      throw new FileFormatException(
          file, "is not valid JSON" + where + ": " + e.getOriginalMessage(), e);
    }
    if (!tree.path("model").isObject()) {
      throw new FileFormatException(
          file,
          json.length == 0
              ? "is empty, expected a tokenizer of Hugging Face in JSON"
              : "holds no tokenizer: it has no object \"model\"");
    }
    JsonNode padding = tree.path("padding").path("pad_id");
    if (padding.isIntegralNumber()) {
      return padding.longValue();
    }
    for (JsonNode token : tree.path("added_tokens")) {
      if (PAD_TOKENS.contains(token.path("content").asText())) {
        return token.path("id").longValue();
      }
    }
    return 0;
  }
}
