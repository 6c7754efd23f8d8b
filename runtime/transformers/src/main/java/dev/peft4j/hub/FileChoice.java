package dev.peft4j.hub;

import dev.peft4j.io.Quote;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The choice of a model's files that are downloaded. */
final class FileChoice {
  /** Settings, tokenizers and safetensors in the folder itself. */
  private static final Pattern NEEDED =
      Pattern.compile("[^/]+\\.(json|txt|model|tiktoken|jinja|safetensors)");

  /** The modules of sentence-transformers, and further chat templates. */
  private static final Pattern BELOW =
      Pattern.compile("[0-9]+_[^/]+/[^/]+\\.(json|safetensors)|additional_chat_templates/[^/]+");

  /** Lists of other frameworks' files, and the original weights in other formats. */
  private static final Pattern OTHERS =
      Pattern.compile("[^/]+\\.(bin|h5|msgpack)\\.index\\.json|consolidated[^/]*\\.safetensors");

  private static final Pattern OTHER_WEIGHTS =
      Pattern.compile("[^/]+\\.(bin|h5|msgpack|gguf|onnx|ot|pt|pth|ckpt)");

  private FileChoice() {}

  /**
   * Returns the files to download.
   *
   * @param include patterns; empty for the files that a model needs
   * @throws HubException if there is nothing to download, or the weights are in other formats alone
   */
  static List<HubFile> of(
      String subject, List<HubFile> all, List<String> include, List<String> exclude)
      throws HubException {
    List<HubFile> some =
        all.stream()
            .filter(
                f -> include.isEmpty() ? isNeeded(f.path()) : Glob.anyMatches(include, f.path()))
            .toList();
    if (include.isEmpty()) {
      requireWeights(subject, all, some);
    }
    List<HubFile> left = some.stream().filter(f -> !Glob.anyMatches(exclude, f.path())).toList();
    if (left.isEmpty()) {
      throw new HubException(
          subject,
          all.isEmpty()
              ? "has no files"
              : (include.isEmpty() && exclude.isEmpty()
                      ? "has no files of a transformers model"
                      : "has no files that match the patterns")
                  + "; there are "
                  + Quote.list(all.stream().map(HubFile::path).toList(), 10));
    }
    return left;
  }

  private static boolean isNeeded(String path) {
    return (NEEDED.matcher(path).matches() || BELOW.matcher(path).matches())
        && !OTHERS.matcher(path).matches();
  }

  private static void requireWeights(String subject, List<HubFile> all, List<HubFile> some)
      throws HubException {
    if (some.stream().anyMatch(f -> f.path().endsWith(".safetensors"))) {
      return;
    }
    List<String> others =
        all.stream()
            .map(HubFile::path)
            .filter(p -> OTHER_WEIGHTS.matcher(p).matches())
            .collect(Collectors.toList());
    if (others.isEmpty()) {
      return;
    }
    boolean torch = others.stream().anyMatch(p -> p.endsWith(".bin"));
    throw new HubException(
        subject,
        "has no weights in safetensors, only "
            + Quote.list(others, 5)
            + ", which is not read here"
            + (torch
                ? ": load the model with transformers (an adapter with peft) and save it again"
                : "")
            + "; --include \"*\" downloads all files as they are");
  }
}
