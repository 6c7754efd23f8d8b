package dev.peft4j.samples.docs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The Java on a page of the documentation.
 *
 * <ul>
 *   <li>{@code ```java} blocks are one program, in the order of the page.
 *   <li>{@code <!-- java ... -->} is code that belongs to it and that readers do not see, such as
 *       the data of an example.
 *   <li>{@code <!-- generated: NAME -->} before a block says that it is an excerpt of the class of
 *       that name, which the processor writes for the page.
 * </ul>
 *
 * @param path the page
 * @param code the blocks of the program
 * @param excerpts those of generated classes
 */
record Page(Path path, List<String> code, List<Excerpt> excerpts) {
  private static final Pattern PARTS =
      Pattern.compile(
          "^<!-- java\\n(?<hidden>.*?)^-->$"
              + "|(?:^<!-- generated: (?<generated>\\w+) -->\\n+)?^```java\\n(?<block>.*?)^```$",
          Pattern.MULTILINE | Pattern.DOTALL);

  /** A part of a generated class. */
  record Excerpt(String className, String text) {}

  static Page read(Path path) throws IOException {
    List<String> code = new ArrayList<>();
    List<Excerpt> excerpts = new ArrayList<>();
    Matcher m = PARTS.matcher(Files.readString(path));
    while (m.find()) {
      if (m.group("hidden") != null) {
        code.add(m.group("hidden"));
      } else if (m.group("generated") != null) {
        excerpts.add(new Excerpt(m.group("generated"), m.group("block")));
      } else {
        code.add(m.group("block"));
      }
    }
    return new Page(path, code, excerpts);
  }

  boolean isEmpty() {
    return code.isEmpty() && excerpts.isEmpty();
  }

  /** README.md, and what is in docs. */
  static List<Page> all(Path root) throws IOException {
    List<Path> paths = new ArrayList<>(List.of(root.resolve("README.md")));
    try (var docs = Files.newDirectoryStream(root.resolve("docs"), "*.md")) {
      docs.forEach(paths::add);
    }
    paths.sort(null);
    List<Page> pages = new ArrayList<>();
    for (Path p : paths) {
      Page page = read(p);
      if (!page.isEmpty()) {
        pages.add(page);
      }
    }
    return pages;
  }

  @Override
  public String toString() {
    return path.getFileName().toString();
  }
}
