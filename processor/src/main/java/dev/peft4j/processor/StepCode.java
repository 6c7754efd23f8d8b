package dev.peft4j.processor;

import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import dev.peft4j.processor.Node.Access;
import dev.peft4j.processor.Node.How;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** The code for the steps of a plan. */
final class StepCode {
  private static final ClassName MODULE = ClassName.get("dev.peft4j.nn", "Module");

  private final TypeNames names;

  StepCode(TypeNames names) {
    this.names = names;
  }

  CodeBlock of(List<Step> steps) {
    CodeBlock.Builder code = CodeBlock.builder();
    steps.forEach(step -> add(step, code));
    return code.build();
  }

  private void add(Step step, CodeBlock.Builder code) {
    if (step instanceof Step.Attach attach) {
      code.addStatement("a.attach($L, $L)", path(attach.path()), value(attach.module()));
    } else if (step instanceof Step.Save save) {
      code.addStatement("a.save($L, $L)", path(save.path()), value(save.module()));
    } else if (step instanceof Step.Search search) {
      if (search.variable().isEmpty()) {
        code.addStatement("a.attachMatching($L, $L)", path(search.path()), value(search.module()));
      } else {
        code.beginControlFlow(
            "if ($L instanceof $T $L)",
            value(search.module()),
            names.type(MODULE),
            search.variable());
        code.addStatement("a.attachMatching($L, $L)", path(search.path()), search.variable());
        code.endControlFlow();
      }
    } else if (step instanceof Step.EachOfList each) {
      CodeBlock list = value(each.list());
      code.beginControlFlow("for (int $1L = 0; $1L < $2L.size(); $1L++)", each.index(), list);
      if (!each.element().isEmpty()) {
        code.addStatement("var $L = $L.get($L)", each.element(), list, each.index());
      }
      code.add(of(each.steps())).endControlFlow();
    } else if (step instanceof Step.EachOfMap each) {
      code.beginControlFlow("for (var $L : $L.entrySet())", each.entry(), value(each.map()));
      if (!each.element().isEmpty()) {
        code.addStatement("var $L = $L.getValue()", each.element(), each.entry());
      }
      code.add(of(each.steps())).endControlFlow();
    } else if (step instanceof Step.When when) {
      code.beginControlFlow("if ($L)", condition(when.condition()));
      code.add(of(when.steps())).endControlFlow();
    } else if (step instanceof Step.IfPresent present) {
      code.beginControlFlow("if ($L != null)", value(present.value()));
      code.add(of(present.steps())).endControlFlow();
    }
  }

  /**
   * Returns the code of a path; adjacent literal segments become one string: {@code "layers." + i +
   * ".q_proj"}.
   */
  private static CodeBlock path(Step.Path path) {
    List<CodeBlock> terms = new ArrayList<>();
    var literal = new StringBuilder();
    for (int i = 0; i < path.parts().size(); i++) {
      Step.Part part = path.parts().get(i);
      if (i > 0) {
        literal.append('.');
      }
      if (part.variable()) {
        if (literal.length() > 0) {
          terms.add(CodeBlock.of("$S", literal.toString()));
        }
        terms.add(CodeBlock.of("$L", part.text()));
        literal.setLength(0);
      } else {
        literal.append(part.text());
      }
    }
    if (literal.length() > 0 || terms.isEmpty()) {
      terms.add(CodeBlock.of("$S", literal.toString()));
    }
    return CodeBlock.join(terms, " + ");
  }

  private CodeBlock value(Step.Value value) {
    if (value instanceof Step.Variable variable) {
      return CodeBlock.of("$L", variable.name());
    }
    if (value instanceof Step.ElementOf element) {
      return CodeBlock.of("$L.get($L)", value(element.list()), element.index());
    }
    if (value instanceof Step.ValueOf of) {
      return CodeBlock.of("$L.getValue()", of.entry());
    }
    if (value instanceof Step.Read read) {
      Access access = read.access();
      CodeBlock from = value(read.from());
      if (access.member() != null) {
        names.uses().element(access.member());
      }
      CodeBlock cast =
          access.cast() == null ? from : CodeBlock.of("(($T) $L)", names.of(access.cast()), from);
      return CodeBlock.of(access.how() == How.METHOD ? "$L.$L()" : "$L.$L", cast, access.name());
    }
    throw new AssertionError(value);
  }

  private static CodeBlock condition(Step.Condition condition) {
    String variable = condition.variable();
    boolean except = condition.except();
    if (!condition.keys()) {
      TreeSet<Integer> indices =
          new TreeSet<>(condition.values().stream().map(Integer::valueOf).toList());
      boolean run = indices.size() > 2 && indices.last() - indices.first() == indices.size() - 1;
      if (run) {
        return CodeBlock.of(
            except ? "$1L < $2L || $1L > $3L" : "$1L >= $2L && $1L <= $3L",
            variable,
            indices.first(),
            indices.last());
      }
      String is = except ? "$L != $L" : "$L == $L";
      return CodeBlock.join(
          indices.stream().map(i -> CodeBlock.of(is, variable, i)).toList(),
          except ? " && " : " || ");
    }
    String is = except ? "!$L.toString().equals($S)" : "$L.toString().equals($S)";
    return CodeBlock.join(
        condition.values().stream().map(k -> CodeBlock.of(is, variable, k)).toList(),
        except ? " && " : " || ");
  }
}
