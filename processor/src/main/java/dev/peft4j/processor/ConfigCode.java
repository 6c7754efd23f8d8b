package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The code for the configuration of an adapter. */
final class ConfigCode {
  /** Settings that are written in any case, since readers look for them. */
  private static final Set<String> ALWAYS = Set.of("r", "alpha");

  private static final ClassName LIST = ClassName.get(List.class);
  private static final int MAX_ON_A_LINE = 4;
  private static final int MAX_LINE = 60;

  private final TypeNames names;

  ConfigCode(TypeNames names) {
    this.names = names;
  }

  static ClassName type(PeftSettings s) {
    return s.kind().config();
  }

  /** Returns the names of the builder's methods that the code calls. */
  static List<String> methods(PeftSettings s) {
    List<String> methods = new ArrayList<>();
    for (Member m : s.kind().settings()) {
      if (s.set(m) || ALWAYS.contains(m.name())) {
        methods.add(m.setter());
      }
    }
    methods.add("build");
    return methods;
  }

  /** Returns a call of the builder that sets what is not the default; rank and alpha always. */
  CodeBlock config(PeftSettings s) {
    List<CodeBlock> calls = new ArrayList<>();
    addTargets(calls, s);
    s.kind().settings().stream().filter(m -> !m.array()).forEach(m -> addValue(calls, s, m));
    s.targetNames().forEach(some -> addSome(calls, some));
    list(calls, "exclude", s.exclude());
    if (!s.excludeRegex().isEmpty()) {
      add(calls, "excludeRegex($S)", s.excludeRegex());
    }
    list(calls, "modulesToSave", s.modulesToSave());
    s.kind().settings().stream()
        .filter(m -> m.array() && m.names() != Member.Names.TARGETS)
        .forEach(m -> addAll(calls, s, m));
    if (s.kind().has("layers") && !s.layers().isEmpty()) {
      CodeBlock indices =
          CodeBlock.join(s.layers().stream().map(v -> CodeBlock.of("$L", v)).toList(), ", ");
      add(calls, "layers($L)", indices);
    }
    if (s.kind().has("layersPattern")) {
      list(calls, "layersPattern", s.layersPattern());
    }
    if (!s.taskType().isEmpty()) {
      add(calls, "taskType($S)", s.taskType());
    }
    add(calls, "build()");
    int length = calls.stream().mapToInt(call -> call.toString().length()).sum();
    String between = calls.size() > MAX_ON_A_LINE || length > MAX_LINE ? "\n." : ".";
    return CodeBlock.builder()
        .add("$L.builder()$>$>", names.expression(type(s)))
        .add(
            calls.stream()
                .map(call -> CodeBlock.of(between + "$L", call))
                .collect(CodeBlock.joining("")))
        .add("$<$<")
        .build();
  }

  private static void addTargets(List<CodeBlock> calls, PeftSettings s) {
    if (!s.kind().hasTargets() || s.withoutTarget()) {
      return;
    }
    if (s.allLinear()) {
      add(calls, "allLinear()");
    } else if (s.hasRegex()) {
      add(calls, "targetRegex($S)", s.regex());
    } else {
      add(calls, "targets($L)", strings(s.target()));
    }
  }

  private void addValue(List<CodeBlock> calls, PeftSettings s, Member member) {
    if (member.names() != Member.Names.TARGETS
        && (s.set(member) || ALWAYS.contains(member.name()))) {
      add(calls, "$L($L)", member.setter(), code(s.value(member.name())));
    }
  }

  /** Adds one call for each annotation of an array, or one call for all plain values of one. */
  private void addAll(List<CodeBlock> calls, PeftSettings s, Member member) {
    List<Value> elements = s.value(member.name()).elements();
    if (!s.set(member)) {
      return;
    }
    if (member.inner().isEmpty()) {
      add(calls, "$L($L)", member.setter(), joined(elements));
      return;
    }
    for (Value element : elements) {
      if (element instanceof Value.Entry entry) {
        add(calls, "$L($L)", member.setter(), CodeBlock.join(arguments(member, entry), ", "));
      }
    }
  }

  /** Returns the arguments for an entry: an array that is the last is varargs, others are lists. */
  private List<CodeBlock> arguments(Member member, Value.Entry entry) {
    List<CodeBlock> arguments = new ArrayList<>();
    List<String> order = List.copyOf(entry.values().keySet());
    entry
        .values()
        .forEach(
            (name, value) -> {
              Member inner = member.inner().get(name);
              // a text that is left out is not an argument, as with an overloaded method
              boolean left =
                  inner != null && value.equals(inner.usual()) && value.equals(new Value.Text(""));
              boolean last = name.equals(order.get(order.size() - 1));
              if (value instanceof Value.Many many && !last) {
                arguments.add(
                    CodeBlock.of("$L.of($L)", names.expression(LIST), joined(many.all())));
              } else if (!left) {
                value.elements().forEach(v -> arguments.add(code(v)));
              }
            });
    return arguments;
  }

  private static void addSome(List<CodeBlock> calls, PeftSettings.TargetNames some) {
    if (!some.regex().isEmpty()) {
      add(calls, "$L($S)", some.regexMember(), some.regex());
    } else {
      list(calls, some.member(), some.names());
    }
  }

  private CodeBlock joined(List<Value> values) {
    return CodeBlock.join(values.stream().map(this::code).toList(), ", ");
  }

  private CodeBlock code(Value value) {
    if (value instanceof Value.Text t) {
      return CodeBlock.of("$S", t.text());
    }
    if (value instanceof Value.Constant c) {
      return CodeBlock.of("$L.$L", names.expression(c.type()), c.name());
    }
    if (value instanceof Value.Num n) {
      return CodeBlock.of("$L", number(n.number()));
    }
    return CodeBlock.of("$L", value.shown());
  }

  private static String number(Number number) {
    if (number instanceof Float f) {
      return f == Math.rint(f) && Math.abs(f) < 1e6 ? String.valueOf(f.intValue()) : f + "f";
    }
    if (number instanceof Double d) {
      return PeftWriter.number(d);
    }
    return number instanceof Long ? number + "L" : number.toString();
  }

  private static void add(List<CodeBlock> calls, String format, Object... arguments) {
    calls.add(CodeBlock.of(format, arguments));
  }

  private static void list(List<CodeBlock> calls, String setter, List<String> values) {
    if (!values.isEmpty()) {
      add(calls, "$L($L)", setter, strings(values));
    }
  }

  private static CodeBlock strings(List<String> values) {
    return CodeBlock.join(values.stream().map(v -> CodeBlock.of("$S", v)).toList(), ", ");
  }
}
