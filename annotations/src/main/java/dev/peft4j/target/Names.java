package dev.peft4j.target;

import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/**
 * The relation between Java's names of fields and the names in checkpoints.
 *
 * <p>A field's checkpoint name is its name in snake case: {@code qProj} is {@code q_proj}, {@code
 * fc1} is {@code fc1}, {@code layerNorm} and {@code LayerNorm} are {@code layer_norm}, {@code
 * conv2d} is {@code conv2d}. The rule: a name that has an underscore is unchanged ({@code lora_A}
 * stays {@code lora_A}); otherwise an underscore goes before every capital letter that follows a
 * lower-case letter or a digit, and before the last capital of a run that a lower-case letter
 * follows ({@code lmHTTPHead} is {@code lm_http_head}), and everything becomes lower case. A digit
 * never starts a new word. Other names are set with {@link dev.peft4j.annotation.CheckpointName}.
 */
public final class Names {
  private Names() {}

  /**
   * Returns the name in checkpoints of a field.
   *
   * @param fieldName the field's name in Java
   * @return its name in snake case
   */
  public static String toCheckpoint(String fieldName) {
    if (fieldName.indexOf('_') >= 0) {
      return fieldName;
    }
    var out = new StringBuilder(fieldName.length() + 4);
    for (int i = 0; i < fieldName.length(); i++) {
      char c = fieldName.charAt(i);
      if (Character.isUpperCase(c)) {
        if (i > 0 && startsWord(fieldName, i)) {
          out.append('_');
        }
        out.append(Character.toLowerCase(c));
      } else {
        out.append(c);
      }
    }
    return out.toString();
  }

  private static boolean startsWord(String name, int i) {
    boolean nextIsSmall = i + 1 < name.length() && Character.isLowerCase(name.charAt(i + 1));
    return !Character.isUpperCase(name.charAt(i - 1)) || nextIsSmall;
  }

  /**
   * Returns the field name that {@link #toCheckpoint(String)} usually comes from: {@code q_proj} is
   * {@code qProj}.
   *
   * @param checkpointName a name in snake case
   * @return the name in camel case
   */
  public static String toField(String checkpointName) {
    var out = new StringBuilder(checkpointName.length());
    boolean capital = false;
    for (int i = 0; i < checkpointName.length(); i++) {
      char c = checkpointName.charAt(i);
      if (c == '_' && out.length() > 0) {
        capital = true;
      } else {
        out.append(capital ? Character.toUpperCase(c) : c);
        capital = false;
      }
    }
    return out.toString();
  }

  /**
   * Joins a path and a name.
   *
   * @param prefix a path, empty for the root
   * @param name a name
   * @return {@code prefix.name}, or {@code name} for the root
   */
  public static String join(String prefix, String name) {
    return prefix.isEmpty() ? name : prefix + "." + name;
  }

  /**
   * Returns whether a name of a module in a list of targets names a path: the path itself or the
   * end of it from a dot on.
   *
   * @param name the name, such as {@code q_proj} or {@code attn.q_proj}
   * @param path the module's path, such as {@code layers.0.attn.q_proj}
   * @return whether it does
   */
  public static boolean names(String name, String path) {
    return path.equals(name)
        || (path.length() > name.length()
            && path.endsWith(name)
            && path.charAt(path.length() - name.length() - 1) == '.');
  }

  /**
   * Returns every name that names one of several paths: the paths, and their ends from each dot on.
   *
   * @param paths the modules' paths
   * @return the names
   */
  public static Set<String> ends(Collection<String> paths) {
    Set<String> ends = new HashSet<>();
    for (String path : paths) {
      ends.add(path);
      for (int dot = path.indexOf('.'); dot >= 0; dot = path.indexOf('.', dot + 1)) {
        ends.add(path.substring(dot + 1));
      }
    }
    return ends;
  }
}
