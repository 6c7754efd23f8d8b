package dev.peft4j.processor;

import com.google.auto.service.AutoService;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.Filer;
import javax.annotation.processing.FilerException;
import javax.annotation.processing.Messager;
import javax.annotation.processing.Processor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;
import javax.tools.Diagnostic.Kind;

/**
 * Writes {@code XxxPeft} for every class {@code Xxx} that carries {@code @Peft}.
 *
 * <p>A class whose types are not all there yet, since another processor has still to write some,
 * waits for the next round. Every written file comes from exactly one class, so that Gradle and
 * kapt can work by increments (isolating).
 */
@AutoService(Processor.class)
public final class PeftProcessor extends AbstractProcessor {
  private final Set<String> sources = new HashSet<>();
  private final Map<String, String> waiting = new LinkedHashMap<>();

  /** For the compiler. */
  public PeftProcessor() {}

  @Override
  public Set<String> getSupportedAnnotationTypes() {
    return Set.of(AnnotationReader.PEFT, AnnotationReader.PEFT_LIST);
  }

  @Override
  public SourceVersion getSupportedSourceVersion() {
    return SourceVersion.latestSupported();
  }

  @Override
  public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
    Elements elements = processingEnv.getElementUtils();
    for (Element root : round.getRootElements()) {
      if (root instanceof TypeElement type) {
        sources.add(type.getQualifiedName().toString());
      }
    }
    Set<String> names = new LinkedHashSet<>(waiting.keySet());
    for (TypeElement annotation : annotations) {
      for (Element element : round.getElementsAnnotatedWith(annotation)) {
        if (element instanceof TypeElement type) {
          names.add(type.getQualifiedName().toString());
        }
      }
    }
    if (round.processingOver()) {
      waiting.forEach((name, missing) -> giveUp(elements.getTypeElement(name), missing));
      return false;
    }
    waiting.clear();
    for (String name : names) {
      TypeElement model = elements.getTypeElement(name);
      if (model != null) {
        process(model);
      }
    }
    return false;
  }

  private void giveUp(TypeElement model, String missing) {
    var problem = Problem.of(Diagnostic.UNRESOLVED, Site.CLASS, Universe.shortName(model), missing);
    print(problem, model, new AnnotationReader(processingEnv.getElementUtils(), model));
  }

  private void process(TypeElement model) {
    var reader = new AnnotationReader(processingEnv.getElementUtils(), model);
    List<PeftSettings> settings = reader.read();
    // kept until it is certain that the class need not wait: a problem may be gone in the next
    // round
    List<Problem> problems = new ArrayList<>();
    try {
      if (reader.unresolved()) {
        throw new Universe.Unresolved("a value of the annotation");
      }
      process(model, settings, problems);
    } catch (Universe.Unresolved e) {
      waiting.put(model.getQualifiedName().toString(), String.valueOf(e.getMessage()));
      return;
    }
    problems.forEach(problem -> print(problem, model, reader));
  }

  private void process(TypeElement model, List<PeftSettings> settings, List<Problem> problems) {
    var universe =
        new Universe(processingEnv.getTypeUtils(), processingEnv.getElementUtils(), model, sources);
    var visibility = new Visibility(universe);
    var reader = new ModelReader(universe, visibility, problems::add);
    boolean isModule = reader.check(model);
    Place root =
        isModule
            ? Place.tree(new ModelScanner(universe, visibility, problems::add).scan(model))
            : null;
    var checks =
        new SettingsChecks(
            Universe.shortName(model),
            tuner -> root == null ? "" : new Candidates(root, tuner).list(),
            problems::add);
    // nothing in a class that cannot be seen can be reached: that goes without saying
    boolean visible = visibility.hidden(model).isEmpty();
    List<AttachPlan> plans = new ArrayList<>();
    for (PeftSettings s : settings) {
      if (checks.check(s) && root != null) {
        var matching = new Matching(s, root);
        new TargetChecks(s, root, matching, problems::add).check();
        if (visible) {
          plans.add(new AttachPlanner(s, matching, problems::add).plan(root));
        }
      }
    }
    checks.checkTogether(settings);
    String name = generatedName(model, settings, problems);
    ModelSpec spec = root == null || !visible ? null : reader.read(model, name);
    if (spec != null && problems.stream().allMatch(p -> p.diagnostic().warning())) {
      write(new PeftWriter(spec, settings, plans), spec, model, problems, settings);
    }
  }

  private String generatedName(
      TypeElement model, List<PeftSettings> settings, List<Problem> problems) {
    String usual = Universe.shortName(model).replace('.', '_') + "Peft";
    for (PeftSettings s : settings) {
      if (!s.className().isEmpty()) {
        if (!SourceVersion.isIdentifier(s.className()) || SourceVersion.isKeyword(s.className())) {
          problems.add(
              Problem.of(Diagnostic.BAD_CLASS_NAME, s.site("className"), s.className(), usual));
          return usual;
        }
        usual = s.className();
        break;
      }
    }
    String inPackage =
        processingEnv.getElementUtils().getPackageOf(model).getQualifiedName().toString();
    String full = inPackage.isEmpty() ? usual : inPackage + "." + usual;
    if (sources.contains(full)) {
      problems.add(taken(settings, full));
    }
    return usual;
  }

  private static Problem taken(List<PeftSettings> settings, String name) {
    Site site =
        settings.stream()
            .filter(s -> !s.className().isEmpty())
            .findFirst()
            .map(s -> s.site("className"))
            .orElse(Site.CLASS);
    return Problem.of(Diagnostic.NAME_TAKEN, site, name);
  }

  private void write(
      PeftWriter writer,
      ModelSpec spec,
      TypeElement model,
      List<Problem> problems,
      List<PeftSettings> settings) {
    Filer filer = processingEnv.getFiler();
    try {
      writer.write(model).writeTo(filer);
    } catch (FilerException e) {
      problems.add(taken(settings, spec.generated().canonicalName()));
    } catch (IOException e) {
      processingEnv
          .getMessager()
          .printMessage(
              Kind.ERROR, "%s could not be written: %s".formatted(spec.generated(), e), model);
    }
  }

  private void print(Problem problem, TypeElement model, AnnotationReader reader) {
    Kind kind = problem.diagnostic().warning() ? Kind.MANDATORY_WARNING : Kind.ERROR;
    Messager messager = processingEnv.getMessager();
    AnnotationMirror mirror = reader.mirror(problem.site());
    if (mirror == null) {
      messager.printMessage(kind, problem.message(), model);
    } else if (!reader.repeated()
        || !RepeatedAnnotations.print(processingEnv, kind, problem, model, AnnotationReader.PEFT)) {
      messager.printMessage(kind, problem.message(), model, mirror, reader.value(problem.site()));
    }
  }
}
