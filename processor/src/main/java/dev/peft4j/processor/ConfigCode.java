package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import java.util.ArrayList;
import java.util.List;

/** The code for the configuration of an adapter. */
final class ConfigCode {
  private static final ClassName LORA = ClassName.get("dev.peft4j.tuner.lora", "LoraConfig");
  private static final ClassName IA3 = ClassName.get("dev.peft4j.tuner.ia3", "Ia3Config");
  private static final ClassName BIAS = ClassName.get("dev.peft4j.annotation", "Bias");
  private static final ClassName INIT = ClassName.get("dev.peft4j.annotation", "Init");

  private static final int MOST_ON_A_LINE = 4;
  private static final int LONGEST_LINE = 60;

  private final TypeNames names;

  ConfigCode(TypeNames names) {
    this.names = names;
  }

  static ClassName type(PeftSettings s) {
    return s.kind() == AnnotatedTuner.IA3 ? IA3 : LORA;
  }

  /** A call of the builder that sets what is not the default; for LoRA always rank and alpha. */
  CodeBlock config(PeftSettings s) {
    List<CodeBlock> calls = new ArrayList<>();
    addTargets(calls, s);
    if (s.kind() == AnnotatedTuner.IA3) {
      addIa3(calls, s);
    } else {
      addNumbers(calls, s);
    }
    list(calls, "exclude", s.exclude());
    if (!s.excludeRegex().isEmpty()) {
      add(calls, "excludeRegex($S)", s.excludeRegex());
    }
    list(calls, "modulesToSave", s.modulesToSave());
    addPatterns(calls, s);
    if (!s.taskType().isEmpty()) {
      add(calls, "taskType($S)", s.taskType());
    }
    add(calls, "build()");
    int length = calls.stream().mapToInt(call -> call.toString().length()).sum();
    String between = calls.size() > MOST_ON_A_LINE || length > LONGEST_LINE ? "\n." : ".";
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
    if (s.allLinear()) {
      add(calls, "allLinear()");
    } else if (s.hasRegex()) {
      add(calls, "targetRegex($S)", s.regex());
    } else {
      add(calls, "targets($L)", strings(s.target()));
    }
  }

  private static void addIa3(List<CodeBlock> calls, PeftSettings s) {
    if (!s.feedforwardPattern().isEmpty()) {
      add(calls, "feedforwardRegex($S)", s.feedforwardPattern());
    } else {
      list(calls, "feedforward", s.feedforward());
    }
    if (s.init().equals("RANDOM")) {
      add(calls, "initWeights(false)");
    }
  }

  private void addNumbers(List<CodeBlock> calls, PeftSettings s) {
    add(calls, "r($L)", s.r());
    add(calls, "alpha($L)", PeftWriter.number(s.alpha()));
    if (s.dropout() != 0) {
      add(calls, "dropout($L)", PeftWriter.number(s.dropout()));
    }
    if (!s.bias().equals("NONE")) {
      add(calls, "bias($L.$L)", names.expression(BIAS), s.bias());
    }
    if (s.rslora()) {
      add(calls, "rslora(true)");
    }
    if (s.dora()) {
      add(calls, "dora(true)");
    }
    if (s.loraBias()) {
      add(calls, "loraBias(true)");
    }
    if (s.pissaIterations() >= 0) {
      add(calls, "pissa($L)", s.pissaIterations());
    } else if (!s.init().equals("DEFAULT")) {
      add(calls, "init($L.$L)", names.expression(INIT), s.init());
    }
  }

  /** What only LoRA has for some of the layers. */
  private static void addPatterns(List<CodeBlock> calls, PeftSettings s) {
    for (PeftSettings.Tokens t : s.trainableTokens()) {
      CodeBlock ids = integers(t.ids());
      if (t.embedding().isEmpty()) {
        add(calls, "trainableTokens($L)", ids);
      } else {
        add(calls, "trainableTokens($S, $L)", t.embedding(), ids);
      }
    }
    if (!s.ensureWeightTying()) {
      add(calls, "ensureWeightTying(false)");
    }
    s.rankPattern().forEach(p -> add(calls, "rankPattern($S, $L)", p.key(), (int) p.value()));
    s.alphaPattern()
        .forEach(p -> add(calls, "alphaPattern($S, $L)", p.key(), PeftWriter.number(p.value())));
    if (!s.layers().isEmpty()) {
      add(calls, "layers($L)", integers(s.layers()));
    }
    list(calls, "layersPattern", s.layersPattern());
  }

  private static void add(List<CodeBlock> calls, String format, Object... arguments) {
    calls.add(CodeBlock.of(format, arguments));
  }

  private static void list(List<CodeBlock> calls, String setter, List<String> values) {
    if (!values.isEmpty()) {
      add(calls, "$L($L)", setter, strings(values));
    }
  }

  private static CodeBlock integers(List<Integer> values) {
    return CodeBlock.join(values.stream().map(v -> CodeBlock.of("$L", v)).toList(), ", ");
  }

  private static CodeBlock strings(List<String> values) {
    return CodeBlock.join(values.stream().map(v -> CodeBlock.of("$S", v)).toList(), ", ");
  }
}
