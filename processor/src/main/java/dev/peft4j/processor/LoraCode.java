package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import java.util.List;

/** The code for a LoRA configuration. */
final class LoraCode {
  static final ClassName CONFIG = ClassName.get("dev.peft4j.tuner", "LoraConfig");
  private static final ClassName BIAS = ClassName.get("dev.peft4j.annotation", "Bias");
  private static final ClassName INIT = ClassName.get("dev.peft4j.annotation", "Init");

  private LoraCode() {}

  /** A call of the builder that sets what is not the default, and always the rank and alpha. */
  static CodeBlock config(PeftSettings s) {
    CodeBlock.Builder code = CodeBlock.builder().add("$T.builder()", CONFIG);
    if (s.allLinear()) {
      code.add("$Z.allLinear()");
    } else if (s.hasRegex()) {
      code.add("$Z.targetRegex($S)", s.regex());
    } else {
      code.add("$Z.targets($L)", strings(s.target()));
    }
    code.add("$Z.r($L).alpha($L)", s.r(), PeftWriter.number(s.alpha()));
    if (s.dropout() != 0) {
      code.add("$Z.dropout($L)", PeftWriter.number(s.dropout()));
    }
    if (!s.bias().equals("NONE")) {
      code.add("$Z.bias($T.$L)", BIAS, s.bias());
    }
    if (s.rslora()) {
      code.add("$Z.rslora(true)");
    }
    if (!s.init().equals("DEFAULT")) {
      code.add("$Z.init($T.$L)", INIT, s.init());
    }
    list(code, "exclude", s.exclude());
    if (!s.excludeRegex().isEmpty()) {
      code.add("$Z.excludeRegex($S)", s.excludeRegex());
    }
    list(code, "modulesToSave", s.modulesToSave());
    s.rankPattern().forEach(p -> code.add("$Z.rankPattern($S, $L)", p.key(), (int) p.value()));
    s.alphaPattern()
        .forEach(p -> code.add("$Z.alphaPattern($S, $L)", p.key(), PeftWriter.number(p.value())));
    if (!s.layers().isEmpty()) {
      code.add(
          "$Z.layers($L)",
          CodeBlock.join(s.layers().stream().map(i -> CodeBlock.of("$L", i)).toList(), ", "));
    }
    list(code, "layersPattern", s.layersPattern());
    if (!s.taskType().isEmpty()) {
      code.add("$Z.taskType($S)", s.taskType());
    }
    return code.add("$Z.build()").build();
  }

  private static void list(CodeBlock.Builder code, String setter, List<String> values) {
    if (!values.isEmpty()) {
      code.add("$Z.$L($L)", setter, strings(values));
    }
  }

  private static CodeBlock strings(List<String> values) {
    return CodeBlock.join(values.stream().map(v -> CodeBlock.of("$S", v)).toList(), ", ");
  }
}
