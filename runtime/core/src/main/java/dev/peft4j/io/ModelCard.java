package dev.peft4j.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The {@code README.md} beside an adapter, in the words of peft: front matter that model hubs read,
 * and the form of huggingface_hub's model card template (Apache-2.0), to be filled in by a person.
 * An existing card keeps its text and its other front matter.
 *
 * @param baseModel the model that the adapter belongs to, or null if it has no name
 * @param tags search words; sorted in the file
 * @param pipelineTag the task, such as {@code text-generation}; null for none. One that the card
 *     already has is kept
 */
public record ModelCard(
    @Nullable String baseModel, List<String> tags, @Nullable String pipelineTag) {
  private static final String FORM = form();
  private static final String VERSIONS = "### Framework versions";
  private static final String VERSION = "- PEFT " + PeftFormat.PEFT_VERSION;

  /** Creates a card with a copy of the tags. */
  public ModelCard {
    tags = List.copyOf(tags);
  }

  /**
   * Returns the card that peft would write for an adapter with these settings.
   *
   * @param ofTuner search words for its tuner
   */
  public static ModelCard of(AdapterConfig config, String... ofTuner) throws FileFormatException {
    List<String> tags = new ArrayList<>();
    String base = config.text("base_model_name_or_path");
    if (base != null) {
      tags.add("base_model:adapter:" + base);
      // In peft only a model of transformers knows where it came from.
      tags.add("transformers");
    }
    tags.addAll(List.of(ofTuner));
    boolean causal = "CAUSAL_LM".equals(config.text("task_type"));
    return new ModelCard(base, tags, causal ? "text-generation" : null);
  }

  /** Returns the text of a new card. */
  public String text() {
    return update("---\n---\n" + FORM);
  }

  /**
   * Returns the updated text of the card in {@code file}, or the text of a new one if there is
   * none.
   *
   * @throws FileFormatException if the card cannot be read or is not UTF-8
   */
  String update(Path file) throws IOException {
    String pending = AtomicFiles.pendingText(file);
    if (pending != null) {
      return update(pending);
    }
    Path at = AtomicFiles.current(file);
    if (!Files.exists(at)) {
      return text();
    }
    SafeTensors.requireFile(file, at, "a model card");
    try {
      byte[] bytes = Files.readAllBytes(at);
      return update(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException e) {
      throw new FileFormatException(file, "is not UTF-8 text; move it away to save here", e);
    } catch (IOException e) {
      throw new FileFormatException(file, "cannot be read: " + Quote.reason(e), e);
    }
  }

  private String update(String old) {
    List<String> lines = new ArrayList<>(old.lines().toList());
    List<String> front = List.of();
    List<String> body = lines;
    if (!lines.isEmpty() && lines.getFirst().equals("---")) {
      int end = lines.subList(1, lines.size()).indexOf("---") + 1;
      if (end > 0) {
        front = lines.subList(1, end);
        body = new ArrayList<>(lines.subList(end + 1, lines.size()));
      }
    }
    SequencedMap<String, List<String>> blocks = FrontMatter.blocks(front);
    if (baseModel != null) {
      FrontMatter.put(blocks, "base_model", baseModel);
    }
    FrontMatter.put(blocks, "library_name", "peft");
    if (pipelineTag != null && !blocks.containsKey("pipeline_tag")) {
      FrontMatter.put(blocks, "pipeline_tag", pipelineTag);
    }
    if (!tags.isEmpty()) {
      FrontMatter.put(blocks, "tags", new TreeSet<>(tags));
    }
    if (!body.contains(VERSION)) {
      int at = body.indexOf(VERSIONS);
      if (at >= 0) {
        body.add(Math.min(at + 2, body.size()), VERSION);
      } else {
        body.addAll(List.of(VERSIONS, "", VERSION));
      }
    }
    StringBuilder out = new StringBuilder("---\n");
    blocks.values().forEach(block -> block.forEach(line -> out.append(line).append('\n')));
    out.append("---\n").append(String.join("\n", body));
    return out.toString();
  }

  private static String form() {
    try (InputStream in =
        Objects.requireNonNull(ModelCard.class.getResourceAsStream("model_card.md"))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
