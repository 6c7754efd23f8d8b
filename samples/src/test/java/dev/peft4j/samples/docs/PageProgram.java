package dev.peft4j.samples.docs;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The blocks of a page as source files: each type that begins at the margin is a file, the other
 * lines are the body of {@code Main}, in their order.
 *
 * @param files texts by the names of their types
 */
record PageProgram(Map<String, String> files) {
  static final String PACKAGE = "page";
  static final String MAIN = "Main";

  /** For pages that leave their imports out. Named ones come before those by package. */
  private static final String IMPORTS =
      """
      import dev.peft4j.annotation.*;
      import dev.peft4j.data.*;
      import dev.peft4j.nn.*;
      import dev.peft4j.nn.Module;
      import dev.peft4j.optim.*;
      import dev.peft4j.tensor.*;
      import dev.peft4j.train.*;
      import dev.peft4j.transformers.*;
      import dev.peft4j.tuner.*;
      import dev.peft4j.tuner.lora.*;
      import java.nio.file.*;
      import java.util.*;
      """;

  private static final Pattern TYPE =
      Pattern.compile(
          "^(?:(?:public|final|abstract|sealed|static) )*(?:class|record|interface|enum) (\\w+).*");

  static PageProgram of(Page page) {
    Set<String> imports = new LinkedHashSet<>();
    Map<String, String> types = new LinkedHashMap<>();
    StringBuilder body = new StringBuilder();
    for (String block : page.code()) {
      StringBuilder type = new StringBuilder();
      String name = null;
      for (String line : block.split("\n", -1)) {
        if (name == null && line.startsWith("package ")) {
          continue; // a file that is printed whole
        }
        if (name == null && line.startsWith("import ")) {
          imports.add(line);
          continue;
        }
        Matcher m = TYPE.matcher(line);
        if (name == null && m.matches()) {
          name = m.group(1);
        }
        boolean before = name == null && (line.startsWith("@") || isInAnnotation(type));
        if (name == null && !before) {
          body.append(type).append(line).append('\n');
          type.setLength(0);
          continue;
        }
        type.append(line).append('\n');
        if (name != null && (line.equals("}") || m.matches() && line.endsWith("}"))) {
          types.put(name, type.toString());
          type.setLength(0);
          name = null;
        }
      }
      body.append(type);
    }
    String head = "package " + PACKAGE + ";\n" + IMPORTS + String.join("\n", imports) + "\n";
    Map<String, String> files = new LinkedHashMap<>();
    types.forEach((name, text) -> files.put(name, head + text));
    files.put(
        MAIN,
        head
            + "public class "
            + MAIN
            + " {\n public static void main(String[] args) throws Exception {\n"
            + body
            + "}\n}\n");
    return new PageProgram(files);
  }

  /** An annotation at the margin goes on over indented lines until its type. */
  private static boolean isInAnnotation(StringBuilder type) {
    return type.length() > 0;
  }
}
