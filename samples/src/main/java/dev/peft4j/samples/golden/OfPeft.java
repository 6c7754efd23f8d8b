package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What peft wrote down.
 *
 * @param prefix what its names in {@code io.safetensors} begin with
 * @param adapter the folder that peft saved
 * @param parameters the lines of {@code params.txt}; null if they are not of this adapter
 * @param trainable the names of what is trained, in peft's order
 * @param optimizer how it was trained
 * @param merges whether merged weights are among it
 * @param deep whether the model is a transformer: merged weights are only those of layers with an
 *     adapter, numbers are relative where they are large, and a few weights may step elsewhere
 * @param how the optimizer's name and all its numbers
 */
record OfPeft(
    String prefix,
    Path adapter,
    @Nullable List<String> parameters,
    List<String> trainable,
    GoldenCase.Settings optimizer,
    boolean merges,
    boolean deep,
    JsonNode how) {
  OfPeft(
      String prefix,
      Path adapter,
      @Nullable List<String> parameters,
      List<String> trainable,
      GoldenCase.Settings optimizer,
      boolean merges,
      boolean deep) {
    this(
        prefix, adapter, parameters, trainable, optimizer, merges, deep, MissingNode.getInstance());
  }
}
