package dev.peft4j.transformers;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.peft4j.io.FileFormatException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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
    requireUnknownToken(tree.path("model"), file);
    requireSpecialTokens(tree.path("post_processor"), file);
    JsonNode padding = tree.path("padding").path("pad_id");
    if (padding.isIntegralNumber()) {
      if (!padding.canConvertToInt() || padding.intValue() < 0) {
        throw new FileFormatException(
            file, "has " + padding + " as padding.pad_id, expected the id of a token");
      }
      return padding.longValue();
    }
    for (JsonNode token : tree.path("added_tokens")) {
      if (PAD_TOKENS.contains(token.path("content").asText())) {
        return token.path("id").longValue();
      }
    }
    return 0;
  }

  /**
   * What the model has no token for becomes its unknown token. If there is none, the native library
   * ends the whole process when it meets such a text, so it is refused here.
   */
  private static void requireUnknownToken(JsonNode model, Path file) throws FileFormatException {
    String type = model.path("type").asText();
    JsonNode vocabulary = model.path("vocab");
    if (type.equals("Unigram") || vocabulary.isArray()) {
      if (!model.path("unk_id").isIntegralNumber()) {
        throw new FileFormatException(
            file, "has no model.unk_id, the place of the unknown token in model.vocab");
      }
      return;
    }
    JsonNode unknown = model.path("unk_token");
    boolean needed = !type.equals("BPE") || unknown.isTextual();
    String name =
        unknown.isMissingNode() ? (type.equals("WordLevel") ? "<unk>" : "[UNK]") : unknown.asText();
    if (needed && !vocabulary.has(name)) {
      throw new FileFormatException(
          file,
          "has the unknown token '" + name + "' (model.unk_token), which is not in model.vocab");
    }
  }

  /** Likewise, for what is put around a text: the native library looks it up without asking. */
  private static void requireSpecialTokens(JsonNode processor, Path file)
      throws FileFormatException {
    for (JsonNode part : processor.path("processors")) {
      requireSpecialTokens(part, file);
    }
    JsonNode known = processor.path("special_tokens");
    for (String template : List.of("single", "pair")) {
      for (JsonNode piece : processor.path(template)) {
        JsonNode token = piece.path("SpecialToken");
        String id = token.path("id").asText();
        if (token.isObject() && !known.has(id)) {
          throw new FileFormatException(
              file,
              "has the token '"
                  + id
                  + "' in post_processor."
                  + template
                  + ", which is not in post_processor.special_tokens");
        }
      }
    }
  }
}
