package dev.peft4j.processor;

import java.util.List;

/** Classes that cannot be adapted. */
final class ClassCases {
  private ClassCases() {}

  static List<Case> classes() {
    return List.of(
        Case.body(
            Diagnostic.NOT_A_MODULE,
            "@Peft(target = \"x\") public class M {}",
            "M",
            "M does not",
            "extends dev.peft4j.nn.Module"),
        Case.body(
            Diagnostic.NOT_A_MODULE,
            "@Peft(target = \"x\") interface M {}",
            "M",
            "is an interface"),
        Case.body(
            Diagnostic.NOT_A_MODULE,
            "@Peft(target = \"x\") record M(Linear x) {}",
            "M",
            "is a record"),
        Case.body(Diagnostic.NOT_A_MODULE, "@Peft(target = \"x\") enum M {}", "M", "is an enum"),
        Case.body(
            Diagnostic.FINAL_CLASS,
            "@Peft(target = \"x\") public final class M extends Module { Linear x; }",
            "M",
            "M is final",
            "open"),
        Case.body(
            Diagnostic.ABSTRACT_CLASS,
            "@Peft(target = \"x\") public abstract class M extends Module { Linear x; }",
            "M",
            "abstract"),
        Case.body(
            Diagnostic.INNER_CLASS,
            "public class Outer { @Peft(target = \"x\") class M extends Module { Linear x; } }",
            "M",
            "Outer.M is an inner class",
            "static"),
        Case.body(
            Diagnostic.PRIVATE_CLASS,
            "public class Outer { @Peft(target = \"x\") private static class M extends Module {"
                + " Linear x; } }",
            "M",
            "Outer.M is private"),
        Case.body(
            Diagnostic.PRIVATE_CLASS,
            "public class Outer { private static class In { @Peft(target = \"x\") static class M"
                + " extends Module { Linear x; } } }",
            "M",
            "Outer.In is private"),
        Case.body(
            Diagnostic.SEALED_CLASS,
            "@Peft(target = \"x\") public sealed class M extends Module permits N { Linear x; }"
                + " final class N extends M {}",
            "M",
            "sealed"),
        Case.body(
            Diagnostic.NO_VISIBLE_CONSTRUCTOR,
            "@Peft(target = \"x\") public class M extends Module { Linear x; private M() {} }",
            "M",
            "no constructor"),
        Case.body(
            Diagnostic.CONSTRUCTOR_SKIPPED,
            "@Peft(target = \"x\") public class M extends Module { Linear x; private static class C"
                + " {} public M() {} M(C c) {} }",
            "M",
            "M.C"),
        Case.body(
            Diagnostic.NAME_TAKEN,
            "@Peft(target = \"x\") public class M extends Module { Linear x; } class MPeft {}",
            "M",
            "p.MPeft"),
        Case.body(
            Diagnostic.NAME_TAKEN,
            "@Peft(target = \"x\", className = \"Other\") public class M extends Module { Linear x;"
                + " } class Other {}",
            "\"Other\"",
            "p.Other"),
        Case.body(
            Diagnostic.NAME_TAKEN,
            "public class Outer { @Peft(target = \"x\") static class A extends Module { Linear x; }"
                + " @Peft(target = \"x\", className = \"Outer_APeft\") static class M extends"
                + " Module { Linear x; } }",
            "\"Outer_APeft\"",
            "p.Outer_APeft"),
        Case.body(
            Diagnostic.BAD_CLASS_NAME,
            "@Peft(target = \"x\", className = \"a.B\") public class M extends Module { Linear x;"
                + " }",
            "\"a.B\"",
            "MPeft"),
        Case.body(
            Diagnostic.TWO_CLASS_NAMES,
            "@Peft(target = \"x\", className = \"A\") @Peft(target = \"x\", adapter = \"b\","
                + " className = \"B\") public class M extends Module { Linear x; }",
            "\"B\"",
            "A and B"),
        Case.body(
            Diagnostic.METHOD_CLASH,
            "@Peft(target = \"x\") public class M extends Module { Linear x; int adapters() {"
                + " return 1; } }",
            "M",
            "adapters()"),
        Case.body(
            Diagnostic.METHOD_CLASH,
            "@Peft(target = \"x\") public class M extends Module { Linear x; static M adapt(M m) {"
                + " return m; } }",
            "M",
            "adapt(p.M)"),
        Case.body(
            Diagnostic.METHOD_CLASH,
            "@Peft(target = \"x\") public class M extends Module { Linear x; void"
                + " save(java.nio.file.Path p) {} }",
            "M",
            "save(java.nio.file.Path)"),
        Case.body(
            Diagnostic.METHOD_CLASH,
            "@Peft(target = \"x\") public class M extends Module { Linear x; public int"
                + " save(java.nio.file.Path p) { return 1; } }",
            "M",
            "save(java.nio.file.Path)"),
        Case.body(
            Diagnostic.METHOD_CLASH,
            "@Peft(target = \"x\") public class M extends Module { Linear x; @Override public final"
                + " List<String> namedParameters() { return null; } }",
            "M",
            "namedParameters()"),
        Case.body(
            Diagnostic.METHOD_HIDES,
            "@Peft(target = \"x\") public class M extends Module { Linear x; public void"
                + " saveMerged(java.nio.file.Path p) {} }",
            "M",
            "saveMerged(java.nio.file.Path)"),
        Case.body(
            Diagnostic.METHOD_HIDDEN,
            "@Peft(target = \"x\") public class M extends Module { Linear x; @Override public void"
                + " save(java.nio.file.Path p) {} }",
            "M",
            "save(java.nio.file.Path)"),
        Case.body(
            Diagnostic.NOT_NAMEABLE,
            "@Peft(target = \"x\") public class M extends Module { Linear x; interface AdapterSet"
                + " {} interface dev {} }",
            "M",
            "MPeft has to name dev.peft4j.tuner.AdapterSet",
            "AdapterSet and dev"),
        Case.body(
            Diagnostic.DUPLICATE_CHECKPOINT_NAME,
            "@Peft(target = \"q_proj\") public class M extends Module { Linear qProj; Linear"
                + " q_proj; }",
            "M",
            "M.qProj",
            "\"q_proj\""),
        Case.body(
            Diagnostic.BAD_CHECKPOINT_NAME,
            "@Peft(target = \"x\") public class M extends Module { Linear x; @CheckpointName(\"\")"
                + " Linear y; }",
            "M",
            "M.y"),
        Case.body(
            Diagnostic.UNKNOWN_CONTAINER,
            "@Peft(target = \"x\") public class M extends Module { Linear x; Linear[] more; }",
            "M",
            "M.more",
            "array",
            "List"),
        Case.body(
            Diagnostic.UNKNOWN_CONTAINER,
            "@Peft(target = \"x\") public class M extends Module { Linear x; Set<Linear> more; }",
            "M",
            "Set"));
  }
}
