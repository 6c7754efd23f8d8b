package dev.peft4j.io;

import dev.peft4j.data.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The comparison of the weights that a model or an adapter needs with those that were found.
 *
 * @param expected the number of weights that are needed
 * @param matched the number of them that were found with the right shape
 * @param missing names that are needed and were not found, in the model's order
 * @param unexpected names that were found and are not needed, in the file's order
 * @param misshaped names that were found with another shape, in the model's order
 * @param hint the likely cause: a renamed prefix, another rank, another model; null if unknown
 */
public record StateDictCheck(
    int expected,
    int matched,
    List<String> missing,
    List<String> unexpected,
    List<Misshaped> misshaped,
    @Nullable String hint) {
  /** The number of problems of each kind in the message; a file of another model has thousands. */
  private static final int SHOWN = 10;

  /**
   * A key with two shapes.
   *
   * @param name the key
   * @param expected the shape that the model needs
   * @param found the shape that was found
   */
  public record Misshaped(String name, Shape expected, Shape found) {
    @Override
    public String toString() {
      return name + ": expected " + expected + ", found " + found;
    }
  }

  /** Compares by name, then by shape. */
  public static StateDictCheck compare(Map<String, Shape> expected, Map<String, Shape> found) {
    return compare(expected, found, Map.of());
  }

  /**
   * Compares by name, then by shape.
   *
   * @param ranks for names of an adapter's tensors the rank that is one of their sizes, for the
   *     hint
   */
  public static StateDictCheck compare(
      Map<String, Shape> expected, Map<String, Shape> found, Map<String, Integer> ranks) {
    List<String> missing = new ArrayList<>();
    List<Misshaped> misshaped = new ArrayList<>();
    expected.forEach(
        (name, shape) -> {
          Shape there = found.get(name);
          if (there == null) {
            missing.add(name);
          } else if (!there.equals(shape)) {
            misshaped.add(new Misshaped(name, shape, there));
          }
        });
    List<String> unexpected =
        found.keySet().stream().filter(name -> !expected.containsKey(name)).toList();
    int matched = expected.size() - missing.size() - misshaped.size();
    return new StateDictCheck(
        expected.size(),
        matched,
        List.copyOf(missing),
        unexpected,
        List.copyOf(misshaped),
        hint(
            expected.size(),
            matched,
            RenameHint.find(
                missing, unexpected, (m, u) -> Objects.equals(expected.get(m), found.get(u))),
            missing,
            misshaped,
            ranks));
  }

  private static @Nullable String hint(
      int expected,
      int matched,
      @Nullable String renamed,
      List<String> missing,
      List<Misshaped> misshaped,
      Map<String, Integer> ranks) {
    if (misshaped.stream().anyMatch(m -> m.found.elements() == 0)) {
      return "the file holds empty tensors: it was saved from sharded training (DeepSpeed ZeRO-3,"
          + " FSDP) without gathering the weights; gather them and save again";
    }
    if (renamed != null) {
      return renamed;
    }
    String rank = rankHint(misshaped, ranks);
    if (rank != null && missing.isEmpty()) {
      return rank;
    }
    if (matched == 0 && expected > 0) {
      return "not one key matches: these weights were made for another model";
    }
    if (matched * 2 < expected) {
      return "only "
          + matched
          + " of "
          + expected
          + " keys match: these weights were probably made for another model";
    }
    return null;
  }

  /** Returns a hint if tensors of an adapter differ only in their rank. */
  private static @Nullable String rankHint(List<Misshaped> misshaped, Map<String, Integer> ranks) {
    String hint = null;
    for (Misshaped m : misshaped) {
      int axis = rankAxis(m, ranks.getOrDefault(m.name, -1));
      if (axis < 0) {
        return null;
      }
      if (hint == null) {
        hint =
            "only the ranks differ: expected r = "
                + m.expected.dim(axis)
                + ", found r = "
                + m.found.dim(axis);
      }
    }
    return hint;
  }

  /** Returns the only dimension that differs if it is the rank, else -1. */
  private static int rankAxis(Misshaped m, int rank) {
    if (m.expected.rank() == m.found.rank() && m.expected.rank() >= 2) {
      for (int axis = 0; axis < m.expected.rank(); axis++) {
        if (m.expected.dim(axis) == rank
            && m.expected.with(axis, 1).equals(m.found.with(axis, 1))) {
          return axis;
        }
      }
    }
    return -1;
  }

  /** Returns whether every key was found with its shape, and no other. */
  public boolean matches() {
    return missing.isEmpty() && unexpected.isEmpty() && misshaped.isEmpty();
  }

  /**
   * Throws unless everything matches.
   *
   * @param what the name of what is loaded, such as a file, for the message
   * @throws StateDictException with the missing, unexpected and misshaped keys
   */
  public void require(String what) {
    if (!matches()) {
      throw new StateDictException(message(what), this);
    }
  }

  /**
   * Throws if a key is missing or has another shape; unexpected keys are allowed, as for pretrained
   * models.
   *
   * @param what the name of what is loaded, such as a file, for the message
   * @throws StateDictException with all of the missing and misshaped keys
   */
  public void requireExpected(String what) {
    if (!missing.isEmpty() || !misshaped.isEmpty()) {
      throw new StateDictException(message(what, Integer.MAX_VALUE), this);
    }
  }

  /**
   * Throws if a key has another shape; missing and unexpected keys are allowed.
   *
   * @param what the name of what is loaded, such as a file, for the message
   * @throws StateDictException if a key has another shape
   */
  public void requireShapes(String what) {
    if (!misshaped.isEmpty()) {
      throw new StateDictException(message(what), this);
    }
  }

  /** Returns the problems, one key per line, at most ten of each kind and their number. */
  public String message(String what) {
    return message(what, SHOWN);
  }

  private String message(String what, int shown) {
    StringBuilder out = new StringBuilder(what).append(" does not fit the model");
    if (hint != null) {
      out.append(" (").append(hint).append(')');
    }
    if (expected == 0) {
      out.append(": the model has no place for any of its keys");
    } else {
      out.append(": ").append(matched).append(" of ").append(expected).append(" keys match");
    }
    section(out, "missing", missing, Function.identity(), shown);
    section(out, "unexpected", unexpected, Function.identity(), SHOWN);
    section(out, "of another shape", misshaped, Misshaped::toString, shown);
    return out.toString();
  }

  private static <T> void section(
      StringBuilder out, String title, List<T> items, Function<T, String> text, int shown) {
    if (!items.isEmpty()) {
      out.append("\n  ").append(items.size()).append(' ').append(title).append(':');
      items.stream().limit(shown).forEach(i -> out.append("\n    ").append(text.apply(i)));
      if (items.size() > shown) {
        out.append("\n    and ").append(items.size() - shown).append(" more");
      }
    }
  }
}
