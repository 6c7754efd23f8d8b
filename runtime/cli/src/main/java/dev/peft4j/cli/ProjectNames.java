package dev.peft4j.cli;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import javax.lang.model.SourceVersion;
import org.jspecify.annotations.Nullable;

/**
 * The names in a project.
 *
 * @param group Maven's group
 * @param name the artifact's name
 * @param pkg the package of its classes
 */
record ProjectNames(String group, String name, String pkg) {
  private static final Pattern COORDINATE =
      Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_-])?");

  /** Keywords of Kotlin that are not keywords of Java. */
  private static final Set<String> KOTLIN_KEYWORDS =
      Set.of("as", "fun", "in", "is", "object", "typealias", "typeof", "val", "var", "when");

  ProjectNames {
    require("--group", group);
    require("--name", name);
    if (!isPackage(pkg)) {
      throw new UsageException(
          "--package "
              + pkg
              + " is not a name of a package in Java and Kotlin; one is com.example.tuning");
    }
    if (pkg.matches("(java|javax|kotlin)(\\..*)?")) {
      throw new UsageException(
          "--package "
              + pkg
              + " belongs to the language; take one of your own, com.example.tuning");
    }
  }

  /** Returns the given names, or defaults that follow from the folder's name. */
  static ProjectNames of(
      String folder, @Nullable String group, @Nullable String name, @Nullable String pkg) {
    String given = group == null ? "com.example" : group;
    String called = name == null ? fromFolder(folder) : name;
    return new ProjectNames(given, called, pkg == null ? given(given, called) : pkg);
  }

  private static String fromFolder(String folder) {
    String name =
        folder
            .toLowerCase(Locale.ROOT)
            .replaceAll("[^a-z0-9_.-]+", "-")
            .replaceAll("^[.-]+|[.-]+$", "");
    return name.isEmpty() ? "tuning" : name;
  }

  private static String given(String group, String name) {
    String last = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9_]", "");
    String start = group.replace('-', '_');
    return start + "." + (isPackage(last) ? last : "app" + last);
  }

  private static boolean isPackage(String name) {
    return SourceVersion.isName(name)
        && name.chars().allMatch(c -> c < 128 && c != '$')
        && List.of(name.split("\\.")).stream().noneMatch(KOTLIN_KEYWORDS::contains);
  }

  private static void require(String option, String value) {
    if (!COORDINATE.matcher(value).matches()) {
      throw new UsageException(
          option + " " + value + ": letters, digits, dots, dashes and underscores make a name");
    }
  }

  /** Returns the text of a file of the template with these names. */
  String in(String text) {
    return text.replace("com.example.tuning", pkg)
        .replace("<groupId>com.example</groupId>", "<groupId>" + group + "</groupId>")
        .replace("group = \"com.example\"", "group = \"" + group + "\"")
        .replace("<artifactId>tuning</artifactId>", "<artifactId>" + name + "</artifactId>")
        .replace("rootProject.name = \"tuning\"", "rootProject.name = \"" + name + "\"");
  }

  /** Returns the path of a file of the template with these names. */
  String inPath(String path) {
    return path.replace("com/example/tuning", pkg.replace('.', '/'));
  }
}
