package dev.peft4j.processor;

import java.util.Locale;
import javax.lang.model.SourceVersion;

/** Names for what the generated code declares. */
final class LocalNames {
  private LocalNames() {}

  /** Returns the name for an element of a collection: layers has a layer; else its class's name. */
  static String elementOf(String field, String type) {
    String one = singular(field);
    if (one.equals(field)) {
      String simple = type.substring(type.lastIndexOf('.') + 1);
      one = simple.substring(0, 1).toLowerCase(Locale.ROOT) + simple.substring(1);
    }
    return one.equals(field) || !usable(one) ? one + "Module" : one;
  }

  private static String singular(String name) {
    if (name.endsWith("ies") && name.length() > 4) {
      return name.substring(0, name.length() - 3) + "y";
    }
    for (String end : new String[] {"ches", "shes", "sses", "xes"}) {
      if (name.endsWith(end)) {
        return name.substring(0, name.length() - 2);
      }
    }
    boolean plural = name.length() > 2 && name.endsWith("s") && !name.endsWith("ss");
    return plural ? name.substring(0, name.length() - 1) : name;
  }

  /** Returns the name for the constant that holds an adapter's configuration. */
  static String constant(String adapter) {
    var out = new StringBuilder();
    for (int i = 0; i < adapter.length(); i++) {
      char c = adapter.charAt(i);
      boolean small = i > 0 && Character.isLowerCase(adapter.charAt(i - 1));
      if (Character.isUpperCase(c) && small) {
        out.append('_');
      }
      out.append(Character.isJavaIdentifierPart(c) && c != '$' ? Character.toUpperCase(c) : '_');
    }
    String name = out.toString();
    return !name.isEmpty() && Character.isJavaIdentifierStart(name.charAt(0)) && !name.equals("_")
        ? name
        : "ADAPTER_" + name;
  }

  private static boolean usable(String name) {
    return SourceVersion.isIdentifier(name)
        && !SourceVersion.isKeyword(name)
        && !name.equals("var");
  }
}
