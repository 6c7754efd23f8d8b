package dev.peft4j.hub;

import dev.peft4j.io.Quote;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of a model or an adapter on the Hugging Face Hub.
 *
 * @param id owner and model, {@code google-bert/bert-base-uncased}; a few old models have no owner
 * @param revision a branch, a tag or a commit; {@code main} unless said otherwise
 */
public record HubName(String id, String revision) {
  /** The default branch. */
  public static final String MAIN = "main";

  private static final int MAX_LENGTH = 96;
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?");
  private static final Pattern REVISION =
      Pattern.compile("[A-Za-z0-9_+.#=-]+(/[A-Za-z0-9_+.#=-]+)*");

  /**
   * Creates a name.
   *
   * @throws IllegalArgumentException if it is not a valid name on the Hub
   */
  public HubName {
    String problem = problem(id, revision);
    if (problem != null) {
      throw new IllegalArgumentException(problem);
    }
  }

  /**
   * Parses a name, {@code owner/model} or {@code owner/model@revision}.
   *
   * @throws IllegalArgumentException if it is not a valid name on the Hub
   */
  public static HubName parse(String text) {
    int at = text.indexOf('@');
    return at < 0
        ? new HubName(text, MAIN)
        : new HubName(text.substring(0, at), text.substring(at + 1));
  }

  /** Returns the name in a text, or null if it is not a valid name on the Hub. */
  static @Nullable HubName ifName(String text) {
    int at = text.indexOf('@');
    String id = at < 0 ? text : text.substring(0, at);
    String revision = at < 0 ? MAIN : text.substring(at + 1);
    return problem(id, revision) == null ? new HubName(id, revision) : null;
  }

  private static @Nullable String problem(String id, String revision) {
    String[] parts = id.split("/", -1);
    boolean good = parts.length <= 2 && !id.contains("--") && !id.contains("..");
    for (String part : parts) {
      good &= part.length() <= MAX_LENGTH && PART.matcher(part).matches();
    }
    if (!good || id.endsWith(".git")) {
      return Quote.text(id)
          + " is not a name on the Hugging Face Hub; expected owner/model, such as"
          + " google-bert/bert-base-uncased";
    }
    for (String part : revision.split("/", -1)) {
      if (part.equals(".") || part.equals("..") || !REVISION.matcher(revision).matches()) {
        return Quote.text(revision) + " is not a revision; expected a branch, a tag or a commit";
      }
    }
    return null;
  }

  /** Returns the same model at another revision. */
  public HubName at(String newRevision) {
    return new HubName(id, newRevision);
  }

  /** Returns whether an owner is named. */
  boolean hasOwner() {
    return id.indexOf('/') >= 0;
  }

  /** Returns the folder of the model in the Hub's cache, {@code models--owner--model}. */
  String folder() {
    return "models--" + id.replace("/", "--");
  }

  /** Returns {@code owner/model}, with {@code @revision} if the revision is not {@code main}. */
  @Override
  public String toString() {
    return revision.equals(MAIN) ? id : id + "@" + revision;
  }
}
