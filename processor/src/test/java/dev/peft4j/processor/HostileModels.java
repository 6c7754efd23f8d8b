package dev.peft4j.processor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Random models whose every name is one that generated code mentions: of classes, records, enums,
 * interfaces and annotations, within the model, above it and beside it, of type variables, fields,
 * methods, parameters and packages. Not all are valid Java.
 */
final class HostileModels {
  /** What the models use themselves has names that no generated code mentions. */
  static final Map<String, String> LIBRARY =
      Map.of(
          "zlib/ZRoot.java",
          "package zlib; public abstract class ZRoot extends dev.peft4j.nn.Module {}",
          "zlib/ZLayer.java",
          "package zlib; public class ZLayer extends dev.peft4j.nn.Linear { public ZLayer() {"
              + " super(2, 2); } }",
          "zlib/ZBlock.java",
          "package zlib; public class ZBlock extends ZRoot { public final ZLayer q = new ZLayer();"
              + " public final ZLayer k = new ZLayer(); }",
          "zlib/ZList.java",
          "package zlib; @SuppressWarnings(\"serial\") public class ZList extends"
              + " java.util.ArrayList<ZBlock> {}",
          "zlib/ZSome.java",
          "package zlib; public interface ZSome extends dev.peft4j.nn.Layer {}",
          "zlib/ZEnum.java",
          "package zlib; public enum ZEnum { ZA, @Deprecated ZB }",
          "zlib/ZDual.java",
          "package zlib; import java.lang.annotation.*; @Target({ElementType.TYPE_USE,"
              + " ElementType.PARAMETER}) public @interface ZDual { ZEnum[] value() default {}; }",
          "zlib/ZUse.java",
          "package zlib; import java.lang.annotation.*; @Target(ElementType.TYPE_USE) public"
              + " @interface ZUse { double value() default 0; }");

  private static final List<String> HOT = List.of("dev", "java", "javax", "adapters", "model");

  private static final String IMPORTS =
      """
      import static dev.peft4j.annotation.Bias.ALL;
      import static dev.peft4j.annotation.Init.GAUSSIAN;
      import dev.peft4j.annotation.Peft;
      import zlib.ZBlock;
      import zlib.ZDual;
      import zlib.ZEnum;
      import zlib.ZLayer;
      import zlib.ZList;
      import zlib.ZRoot;
      import zlib.ZSome;
      import zlib.ZUse;
      """;

  private final Random random;
  private final List<String> pool;
  private final List<String> hot;
  private final List<String> types = new ArrayList<>();

  HostileModels(long seed, List<String> pool) {
    this.random = new Random(seed);
    this.pool = pool;
    this.hot =
        pool.stream()
            .filter(n -> Character.isUpperCase(n.charAt(0)) || n.length() == 1 || HOT.contains(n))
            .toList();
  }

  /** More often than not the name of a class, of the first part of a package, or of a variable. */
  private String name() {
    List<String> from = one(3) ? pool : hot;
    return from.get(random.nextInt(from.size()));
  }

  private boolean one(int in) {
    return random.nextInt(in) == 0;
  }

  private String pick(String... of) {
    return of[random.nextInt(of.length)];
  }

  /**
   * The files of a model.
   *
   * @param last the last part of its package, which no other model has
   */
  Map<String, String> model(String last) {
    String home = one(3) ? name() + "." + last : "p." + last;
    String far = "q." + last;
    Map<String, String> files = new LinkedHashMap<>();
    types.clear();
    for (int i = random.nextInt(3); i > 0; i--) {
      String name = name();
      files.put(file(home, name), header(home) + deprecated() + type("public", name, ""));
      types.add(name);
    }
    String above = "ZRoot";
    if (one(2)) {
      above = far + ".ZFar";
      files.put(
          file(far, "ZFar"), header(far) + "public class ZFar extends ZRoot {" + members(4) + "}");
    }
    if (one(2)) {
      files.put(
          file(home, "ZNear"),
          header(home) + "public class ZNear extends %s {%s}".formatted(above, members(4)));
      above = "ZNear";
    }
    String face = "";
    if (one(3)) {
      files.put(
          file(home, "ZFace"), header(home) + "public interface ZFace {%s}".formatted(constants()));
      face = " implements ZFace" + (one(3) ? ", java.io.Serializable" : "");
    }
    String outer = one(3) ? name() : "ZModel";
    int depth = random.nextInt(3);
    String body = theModel(depth == 0 ? outer : one(2) ? name() : "ZInner", above, face, depth > 0);
    for (int i = 1; i < depth; i++) {
      body =
          suppress()
              + deprecated()
              + "public static class %s {%s}".formatted(name(), body)
              + members(1);
    }
    if (depth > 0) {
      body = suppress() + deprecated() + "public class %s {%s\n%s}".formatted(outer, body, "");
    }
    files.put(file(home, outer), header(home) + body);
    return files;
  }

  private static String file(String home, String name) {
    return home.replace('.', '/') + "/" + name + ".java";
  }

  private static String header(String home) {
    return "package " + home + ";\n" + IMPORTS;
  }

  private String theModel(String name, String above, String face, boolean nested) {
    String variables = one(3) ? "<" + name() + ">" : "";
    String list = one(2) ? "final ZList %ss = new ZList();\n".formatted(name()) : "";
    String some = one(3) ? "ZSome %s;\n".formatted(name()) : "";
    var text = new StringBuilder(suppress() + deprecated());
    text.append("@Peft(target = {\"zfc\"%s}".formatted(list.isEmpty() ? "" : ", \"q\""));
    text.append(one(2) ? ", init = GAUSSIAN" : "").append(one(2) ? ", bias = ALL" : "");
    text.append(one(3) ? ", adapter = \"%s\"".formatted(name()) : "");
    text.append(one(2) ? ", modulesToSave = \"zhead\")\n" : ")\n");
    text.append(nested ? "public static class " : "public class ");
    text.append(name).append(variables).append(" extends ").append(above).append(face);
    text.append(" {\n").append(one(4) ? deprecated() : "");
    text.append("public final ZLayer zfc = new ZLayer(); final ZLayer zhead = new ZLayer();\n");
    text.append(list).append(some).append(members(5));
    if (!variables.isEmpty()) {
      types.add(variables.substring(1, variables.length() - 1));
    }
    if (one(2)) {
      text.append("public %s() {}\n".formatted(name));
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      text.append(constructor(name));
    }
    return text.append("}\n").toString();
  }

  private String constructor(String name) {
    String hidden = "Zx" + random.nextInt(1000);
    boolean throwing = one(3);
    String exception =
        throwing
            ? "@SuppressWarnings(\"serial\") private static class %s extends %s {}\n"
                .formatted(hidden, pick("Exception", "RuntimeException", "java.io.IOException"))
            : "";
    List<String> parameters = new ArrayList<>();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      parameters.add(
          pick("", "", "@ZDual ", "@ZDual(ZEnum.ZA) ", "@ZUse ", "@ZUse(1 / 0.0) ")
              + parameterType(i == 1)
              + " "
              + (one(2) ? name() : "z" + i));
    }
    return exception
        + suppress()
        + deprecated()
        + pick("public ", "protected ", "")
        + pick("", "", "<%s> ".formatted(name()))
        + "%s(%s)%s {}\n"
            .formatted(name, String.join(", ", parameters), throwing ? " throws " + hidden : "");
  }

  private String parameterType(boolean last) {
    String type = types.isEmpty() ? "ZBlock" : types.get(random.nextInt(types.size()));
    return pick(
        "int", type, type, type, type + "[]", "ZList", last ? type + "..." : "long", "ZEnum");
  }

  private String members(int most) {
    var text = new StringBuilder("\n");
    for (int i = random.nextInt(most + 1); i > 0; i--) {
      String name = name();
      String access = pick("public ", "protected ", "", "private ", "public ");
      switch (random.nextInt(5)) {
        case 0 -> text.append(access + pick("static ", "") + "int " + name + ";\n");
        case 1 ->
            text.append(access + "void %s(%s) {}\n".formatted(name, pick("", "int a", "String z")));
        default -> {
          text.append(deprecated()).append(type(access, name, "static "));
          types.add(name);
        }
      }
    }
    return text.toString();
  }

  private String constants() {
    return "int %s = 1; class %s {} ".formatted(name(), name());
  }

  private String type(String access, String name, String isStatic) {
    return access
        + " "
        + switch (random.nextInt(6)) {
          case 0 -> "record " + name + "(int z) {}\n";
          case 1 -> "enum " + name + " { Z }\n";
          case 2 -> "interface " + name + " {}\n";
          case 3 -> "@interface " + name + " {}\n";
          default -> isStatic + "class " + name + " {}\n";
        };
  }

  private String deprecated() {
    return pick("", "", "", "", "", "@Deprecated ", "@Deprecated(forRemoval = true) ");
  }

  private String suppress() {
    return pick(
        "",
        "",
        "@SuppressWarnings(\"removal\") ",
        "@SuppressWarnings({\"deprecation\", \"removal\"}) ");
  }
}
