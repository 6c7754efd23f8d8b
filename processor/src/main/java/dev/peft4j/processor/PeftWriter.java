package dev.peft4j.processor;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.CodeBlock;
import com.palantir.javapoet.FieldSpec;
import com.palantir.javapoet.JavaFile;
import com.palantir.javapoet.MethodSpec;
import com.palantir.javapoet.ParameterSpec;
import com.palantir.javapoet.ParameterizedTypeName;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeSpec;
import dev.peft4j.processor.ModelSpec.ConstructorSpec;
import dev.peft4j.processor.ModelSpec.OverrideSpec;
import dev.peft4j.target.SettingNames;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.lang.model.element.Modifier;

/** Writes the adapted class: the only place that writes code. */
final class PeftWriter {
  private static final ClassName GENERATED =
      ClassName.get("javax.annotation.processing", "Generated");
  private static final ClassName OVERRIDE = ClassName.get(Override.class);
  private static final ClassName SUPPRESS_WARNINGS = ClassName.get(SuppressWarnings.class);
  private static final ClassName PEFT_MODEL = tuner("PeftModel");
  private static final ClassName ADAPTED_MODEL = tuner("AdaptedModel");
  private static final ClassName ADAPTER_SET = tuner("AdapterSet");
  private static final ClassName ATTACHMENT = tuner("Attachment");

  private final TypeNames names;
  private final ModelSpec model;
  private final List<PeftSettings> settings;
  private final List<AttachPlan> plans;
  private final boolean marked;

  /**
   * @param marked whether {@code @Generated} can be seen
   */
  PeftWriter(
      TypeNames names,
      ModelSpec model,
      List<PeftSettings> settings,
      List<AttachPlan> plans,
      boolean marked) {
    this.names = names;
    this.model = model;
    this.settings = settings;
    this.plans = plans;
    this.marked = marked;
  }

  /** The variables that the class declares where code names other classes. */
  static Set<String> variables(List<PeftSettings> settings) {
    Set<String> variables = new HashSet<>(constants(settings));
    variables.addAll(List.of("adapters", "model", "a"));
    return variables;
  }

  /** Takes the short names for the runtime's classes, ahead of the model's. */
  static void claim(TypeNames names, List<PeftSettings> settings) {
    List.of(ADAPTED_MODEL, ADAPTER_SET).forEach(names::type);
    names.scope().header(PEFT_MODEL);
    settings.forEach(s -> new ConfigCode(names).config(s));
  }

  private static ClassName tuner(String name) {
    return ClassName.get("dev.peft4j.tuner", name);
  }

  /** The text of the file. */
  String text() {
    TypeSpec.Builder type =
        TypeSpec.classBuilder(model.generated())
            .addJavadoc("$L", classDoc())
            .addTypeVariables(model.typeVariables())
            .superclass(model.superType())
            .addSuperinterface(names.scope().header(PEFT_MODEL));
    if (model.isPublic()) {
      type.addModifiers(Modifier.PUBLIC);
    }
    List<String> constants = constants(settings);
    for (int i = 0; i < settings.size(); i++) {
      type.addField(constant(constants.get(i), settings.get(i)));
    }
    type.addField(names.type(ADAPTER_SET), "adapters", Modifier.PRIVATE, Modifier.FINAL);
    model.constructors().forEach(c -> type.addMethod(constructor(c)));
    type.addMethod(adapt()).addMethod(attach(constants)).addMethod(adapters());
    model.overrides().forEach(o -> type.addMethod(override(o)));
    // last, when it is known what was mentioned
    if (marked && names.scope().nameableInHeader(GENERATED)) {
      type.addAnnotation(
          AnnotationSpec.builder(names.scope().header(GENERATED))
              .addMember("value", "$S", PeftProcessor.class.getName())
              .build());
    }
    if (model.deprecated() != null) {
      type.addAnnotation(model.deprecated());
    }
    type.addAnnotation(suppressWarnings());
    String in = model.generated().packageName();
    String text = JavaFile.builder(in, type.build()).indent("    ").build().toString();
    // the names are written as they are to be read: JavaPoet imports nothing
    String imports =
        names.scope().imports().stream()
            .map("import %s;\n"::formatted)
            .collect(Collectors.joining());
    int head = in.isEmpty() ? 0 : text.indexOf("\n\n") + 2;
    return text.substring(0, head)
        + imports
        + (imports.isEmpty() ? "" : "\n")
        + text.substring(head);
  }

  private AnnotationSpec suppressWarnings() {
    Set<String> warnings = new LinkedHashSet<>(model.suppressed());
    warnings.add("this-escape"); // the base is complete when the adapters are attached
    if (model.constructors().stream().anyMatch(ConstructorSpec::varargs)) {
      warnings.add("varargs"); // passed on to the base, which is to say whether that is safe
    }
    if (names.uses().deprecated() && model.deprecated() == null) {
      warnings.add("deprecation");
    }
    if (names.uses().removed()) {
      warnings.add("removal");
    }
    if (names.uses().raw()) {
      warnings.add("rawtypes");
    }
    if (names.scope().throughValues()) {
      warnings.add("static");
    }
    CodeBlock values =
        CodeBlock.join(warnings.stream().map(w -> CodeBlock.of("$S", w)).toList(), ", ");
    return AnnotationSpec.builder(names.scope().header(SUPPRESS_WARNINGS))
        .addMember("value", warnings.size() == 1 ? "$L" : "{$L}", values)
        .build();
  }

  private String classDoc() {
    var doc = new StringBuilder("{@link %s}, frozen, with ".formatted(model.shortName()));
    doc.append(settings.size() == 1 ? "an adapter.\n" : "adapters; the first one is active.\n");
    for (int i = 0; i < settings.size(); i++) {
      PeftSettings s = settings.get(i);
      String what = what(s);
      doc.append("\n<p>{@code %s} %s".formatted(s.adapter(), what));
      List<String> items = new ArrayList<>();
      plans.get(i).layers().forEach(path -> items.add("  <li>{@code %s}\n".formatted(text(path))));
      plans
          .get(i)
          .saved()
          .forEach(path -> items.add("  <li>{@code %s}, trained whole\n".formatted(text(path))));
      doc.append(items.isEmpty() ? ".\n" : ":\n<ul>\n%s</ul>\n".formatted(String.join("", items)));
    }
    return doc.toString();
  }

  /** Its tuner, where the annotation may stand for several only if it is not the annotation's. */
  private static String what(PeftSettings s) {
    boolean plain = s.kind().has("r") && s.kind().has("alpha");
    String numbers = "rank %s and alpha %s".formatted(number(s, "r"), number(s, "alpha"));
    if (plain && s.kind().has(SettingNames.TUNER)) {
      return "has " + numbers;
    }
    String article = "AEIOUaeiou".indexOf(s.kind().title().charAt(0)) < 0 ? "a" : "an";
    return "is %s %s adapter%s"
        .formatted(article, s.kind().title(), plain ? " with " + numbers : "");
  }

  private static String number(PeftSettings s, String member) {
    return s.value(member) instanceof Value.Num n ? number(n.number().doubleValue()) : "";
  }

  /** A path in a comment: names in checkpoints may be anything. */
  private static String text(String path) {
    return path.replaceAll("[\\p{Cntrl}\\\\{}]", "?").replace("*/", "*?");
  }

  private static List<String> constants(List<PeftSettings> settings) {
    Set<String> taken = new HashSet<>();
    List<String> names = new ArrayList<>();
    for (PeftSettings s : settings) {
      String name = LocalNames.constant(s.adapter());
      while (!taken.add(name)) {
        name += "_";
      }
      names.add(name);
    }
    return names;
  }

  private FieldSpec constant(String name, PeftSettings s) {
    return FieldSpec.builder(
            names.type(ConfigCode.type(s)), name, Modifier.PRIVATE, Modifier.STATIC, Modifier.FINAL)
        .initializer(new ConfigCode(names).config(s))
        .build();
  }

  private MethodSpec constructor(ConstructorSpec constructor) {
    MethodSpec.Builder method =
        MethodSpec.constructorBuilder()
            .addAnnotations(constructor.annotations())
            .addTypeVariables(constructor.typeVariables())
            .addParameters(constructor.parameters())
            .varargs(constructor.varargs())
            .addExceptions(constructor.exceptions())
            .addStatement("super($L)", arguments(constructor.parameters()))
            .addStatement("this.adapters = $N(this)", model.attachName());
    if (!constructor.javadoc().isEmpty()) {
      method.addJavadoc("$L\n", constructor.javadoc());
    }
    switch (constructor.visibility()) {
      case "public" -> method.addModifiers(Modifier.PUBLIC);
      case "protected" -> method.addModifiers(Modifier.PROTECTED);
      default -> {}
    }
    return method.build();
  }

  private static CodeBlock arguments(List<ParameterSpec> parameters) {
    return CodeBlock.join(parameters.stream().map(p -> CodeBlock.of("$N", p)).toList(), ", ");
  }

  private MethodSpec adapt() {
    MethodSpec.Builder method =
        MethodSpec.methodBuilder("adapt")
            .addJavadoc(
                "Freezes a model that is there already and attaches the same adapters to it, in"
                    + " place.\n\n")
            .addJavadoc("@param model the model\n@return the model with its adapters\n")
            .addModifiers(Modifier.PUBLIC, Modifier.STATIC)
            .addTypeVariables(model.typeVariables())
            .returns(ParameterizedTypeName.get(names.type(ADAPTED_MODEL), model.type()))
            .addParameter(model.type(), "model");
    return method
        .addStatement(
            "return $L.of(model, $N(model))", names.expression(ADAPTED_MODEL), model.attachName())
        .build();
  }

  private MethodSpec attach(List<String> constants) {
    MethodSpec.Builder method =
        MethodSpec.methodBuilder(model.attachName())
            .addModifiers(Modifier.PRIVATE, Modifier.STATIC)
            .addTypeVariables(model.typeVariables())
            .returns(names.type(ADAPTER_SET))
            .addParameter(model.type(), "model")
            .addStatement(
                "$T adapters = $L.freezing(model)",
                names.type(ADAPTER_SET),
                names.expression(ADAPTER_SET));
    for (int i = 0; i < settings.size(); i++) {
      CodeBlock declared = i == 0 ? CodeBlock.of("$T ", names.type(ATTACHMENT)) : CodeBlock.of("");
      method.addStatement(
          "$La = adapters.add($S, $N)", declared, settings.get(i).adapter(), constants.get(i));
      method.addCode(new StepCode(names).of(plans.get(i).steps()));
      method.addStatement(plans.get(i).checkedAtRunTime() ? "a.finish()" : "a.publish()");
    }
    return method.addStatement("return adapters").build();
  }

  private MethodSpec adapters() {
    return overriding("adapters")
        .addModifiers(Modifier.PUBLIC)
        .returns(names.type(ADAPTER_SET))
        .addStatement("return adapters")
        .build();
  }

  private MethodSpec.Builder overriding(String name) {
    MethodSpec.Builder method = MethodSpec.methodBuilder(name);
    if (names.scope().nameable(OVERRIDE)) {
      method.addAnnotation(names.type(OVERRIDE));
    }
    return method;
  }

  private MethodSpec override(OverrideSpec override) {
    CodeBlock call = CodeBlock.of("$N($L)", override.name(), arguments(override.parameters()));
    boolean obscured = override.parameters().stream().anyMatch(p -> p.name().equals("adapters"));
    String field = obscured ? "this.adapters" : "adapters";
    boolean isVoid = override.returns().equals(TypeName.VOID);
    MethodSpec.Builder method =
        overriding(override.name())
            .addModifiers(Modifier.PUBLIC)
            .addTypeVariables(override.typeVariables())
            .returns(override.returns())
            .addParameters(override.parameters())
            .varargs(override.varargs())
            .addExceptions(override.exceptions());
    // a constructor of the model may call this before there are adapters
    if (isVoid) {
      method
          .beginControlFlow("if ($L == null)", field)
          .addStatement("super.$L", call)
          .nextControlFlow("else")
          .addStatement("$T.super.$L", names.type(PEFT_MODEL), call)
          .endControlFlow();
    } else {
      method.addStatement(
          "return $L == null ? super.$L : $T.super.$L", field, call, names.type(PEFT_MODEL), call);
    }
    return method.build();
  }

  static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? String.valueOf((long) value)
        : String.valueOf(value);
  }
}
