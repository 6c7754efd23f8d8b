package dev.peft4j.processor;

import com.google.auto.service.AutoService;
import java.io.IOException;
import java.io.Writer;
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
 * The annotation processor that writes {@code XxxPeft} for every class {@code Xxx} that carries
 * {@code @Peft} or the annotation of another tuner. Which annotations these are is not known
 * beforehand: whatever carries {@code TunerDescriptor} is one. So it asks for all annotations, and
 * claims its own where there are no others.
 *
 * <p>A class whose types are not all there yet, since another processor has still to write some,
 * waits for the next round. Every written file comes from exactly one class, so that Gradle and
 * kapt can work by increments (isolating).
 */
@AutoService(Processor.class)
public final class PeftProcessor extends AbstractProcessor {
  private static final String GENERATED = "javax.annotation.processing.Generated";

  /** Its own besides those of tuners. */
  private static final Set<String> OWN =
      Set.of(ModelScanner.CHECKPOINT_NAME, ModelScanner.OUTPUT_HEAD, ModuleTrees.MODULE_TREE);

  private static final Set<String> NO_TYPE_NAMES =
      Set.of("var", "record", "yield", "sealed", "permits");

  private final Set<String> sources = new HashSet<>();
  private final Map<String, String> waiting = new LinkedHashMap<>();
  private final Set<String> planned = new HashSet<>();
  private final Lombok lombok = new Lombok();

  /** Creates the processor; the compiler calls this. */
  public PeftProcessor() {}

  @Override
  public Set<String> getSupportedAnnotationTypes() {
    return Set.of("*");
  }

  @Override
  public SourceVersion getSupportedSourceVersion() {
    return SourceVersion.latestSupported();
  }

  @Override
  public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
    try {
      return processRound(annotations, round);
    } catch (NoClassDefFoundError e) { // the jar that shading left behind, or a folder of classes
      processingEnv
          .getMessager()
          .printMessage(
              javax.tools.Diagnostic.Kind.ERROR,
              "peft4j's annotation processor cannot run: the class "
                  + String.valueOf(e.getMessage()).replace('/', '.')
                  + " is not on the processor path. The published peft4j-processor-VERSION.jar has"
                  + " all that it needs; a folder of classes and the jar original-peft4j-processor"
                  + " need peft4j-annotations and com.palantir.javapoet:javapoet beside them");
      return true;
    }
  }

  private boolean processRound(Set<? extends TypeElement> annotations, RoundEnvironment round) {
    Elements elements = processingEnv.getElementUtils();
    for (Element root : round.getRootElements()) {
      if (root instanceof TypeElement type) {
        sources.add(type.getQualifiedName().toString());
      }
    }
    Set<String> names = new LinkedHashSet<>(waiting.keySet());
    for (TypeElement annotation : annotations) {
      if (ofTuner(annotation)) {
        for (Element element : round.getElementsAnnotatedWith(annotation)) {
          if (element instanceof TypeElement type) {
            names.add(type.getQualifiedName().toString());
          }
        }
      }
    }
    if (round.processingOver()) {
      waiting.forEach((name, missing) -> giveUp(elements.getTypeElement(name), missing));
      return claims(annotations);
    }
    waiting.clear();
    lombok.nextRound();
    List<TypeElement> models = new ArrayList<>();
    for (String name : names) {
      TypeElement model = elements.getTypeElement(name);
      if (model != null) {
        models.add(model);
        planned.add(generatedName(model));
      }
    }
    models.forEach(this::process);
    return claims(annotations);
  }

  private static boolean ofTuner(TypeElement annotation) {
    return TunerReader.describes(annotation) || TunerReader.contained(annotation) != null;
  }

  /**
   * Returns whether the annotations are claimed, so that {@code -Xlint:processing} does not ask
   * whose they are. All that are given count as claimed then, so none may be another processor's;
   * and a compiler that has no others left calls no processor that comes after: that must not
   * happen to one that has still to write what is waited for, nor to Lombok, which has work without
   * annotations as well ({@code val}).
   */
  private boolean claims(Set<? extends TypeElement> annotations) {
    return waiting.isEmpty()
        && annotations.stream().anyMatch(this::own)
        && annotations.stream().allMatch(a -> own(a) || platform(a))
        && processingEnv.getElementUtils().getTypeElement("lombok.Lombok") == null;
  }

  private boolean own(TypeElement annotation) {
    return OWN.contains(annotation.getQualifiedName().toString()) || ofTuner(annotation);
  }

  /** Returns whether an annotation is the JDK's, of which the compiler does not ask whose it is. */
  private boolean platform(TypeElement annotation) {
    String name = annotation.getQualifiedName().toString();
    return name.startsWith("java.lang.") || name.equals(GENERATED);
  }

  private void giveUp(TypeElement model, String missing) {
    var reader = new AnnotationReader(processingEnv.getElementUtils(), model);
    var problem =
        Problem.of(
            Diagnostic.UNRESOLVED, Site.CLASS, reader.first(), Universe.shortName(model), missing);
    print(problem, model, reader);
  }

  private void process(TypeElement model) {
    var reader = new AnnotationReader(processingEnv.getElementUtils(), model);
    // kept until it is certain that the class need not wait: a problem may be gone in the next
    // round
    List<Problem> problems = new ArrayList<>();
    try {
      List<PeftSettings> settings = reader.read();
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
        new Universe(
            processingEnv.getTypeUtils(), processingEnv.getElementUtils(), model, sources, lombok);
    var visibility = new Visibility(universe);
    boolean isModule = new ClassChecks(universe, settings.get(0).at(), problems::add).check(model);
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
    checkName(model, settings, problems);
    if (root != null && visible) {
      TypeElement peftModel = universe.find(Universe.PEFT_MODEL);
      if (peftModel == null) {
        problems.add(Problem.of(Diagnostic.RUNTIME_MISSING, Site.CLASS, Universe.PEFT_MODEL));
      } else {
        write(universe, visibility, model, peftModel, settings, plans, problems);
      }
    }
  }

  private void write(
      Universe universe,
      Visibility visibility,
      TypeElement model,
      TypeElement peftModel,
      List<PeftSettings> settings,
      List<AttachPlan> plans,
      List<Problem> problems) {
    String name = simpleName(model, settings);
    var scope =
        new Scope(universe, model, peftModel, name, PeftWriter.variables(settings), planned);
    var names = new TypeNames(scope, new Uses(universe.elements), visibility);
    PeftWriter.claim(names, settings);
    ModelSpec spec =
        new ModelReader(universe, visibility, peftModel, names, problems::add).read(model, name);
    if (problems.stream().allMatch(p -> p.diagnostic().warning())) {
      settings.forEach(new DescriptorChecks(universe, problems::add)::check);
    }
    if (problems.stream().allMatch(p -> p.diagnostic().warning())) {
      String text =
          new PeftWriter(names, spec, settings, plans, universe.find(GENERATED) != null).text();
      scope
          .hidden()
          .forEach(
              (type, why) ->
                  problems.add(
                      Problem.of(
                          Diagnostic.NOT_NAMEABLE,
                          Site.CLASS,
                          name,
                          type,
                          why,
                          "Give one of them another name")));
      if (scope.hidden().isEmpty()) {
        write(text, spec, model, problems, settings);
      }
    }
  }

  private String generatedName(TypeElement model) {
    try {
      var reader = new AnnotationReader(processingEnv.getElementUtils(), model);
      return inPackageOf(model, simpleName(model, reader.read()));
    } catch (Universe.Unresolved e) { // the class waits, and so does its name
      return inPackageOf(model, usualName(model));
    }
  }

  private String inPackageOf(TypeElement model, String name) {
    String home = processingEnv.getElementUtils().getPackageOf(model).getQualifiedName().toString();
    return home.isEmpty() ? name : home + "." + name;
  }

  /** Returns the name of the class to write; the usual one if the given one is not a name. */
  private static String simpleName(TypeElement model, List<PeftSettings> settings) {
    return settings.stream()
        .map(PeftSettings::className)
        .filter(name -> !name.isEmpty())
        .findFirst()
        .filter(PeftProcessor::isName)
        .orElseGet(() -> usualName(model));
  }

  private static String usualName(TypeElement model) {
    return Universe.shortName(model).replace('.', '_') + "Peft";
  }

  private static boolean isName(String name) {
    return SourceVersion.isIdentifier(name)
        && !SourceVersion.isKeyword(name)
        && !NO_TYPE_NAMES.contains(name);
  }

  private void checkName(TypeElement model, List<PeftSettings> settings, List<Problem> problems) {
    for (PeftSettings s : settings) {
      if (!s.className().isEmpty()) {
        if (!isName(s.className())) {
          problems.add(
              Problem.of(
                  Diagnostic.BAD_CLASS_NAME, s.site("className"), s.className(), usualName(model)));
          return;
        }
        break;
      }
    }
    String full = inPackageOf(model, simpleName(model, settings));
    // a class and a package of one name do not go together
    if (sources.contains(full) || processingEnv.getElementUtils().getPackageElement(full) != null) {
      problems.add(taken(settings, full));
    }
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
      String text,
      ModelSpec spec,
      TypeElement model,
      List<Problem> problems,
      List<PeftSettings> settings) {
    Filer filer = processingEnv.getFiler();
    try (Writer out =
        filer.createSourceFile(spec.generated().canonicalName(), model).openWriter()) {
      out.write(text);
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
    if (problem.diagnostic().warning()
        && ModelReader.suppressed(model).contains(problem.diagnostic().id())) {
      return;
    }
    Kind kind = problem.diagnostic().warning() ? Kind.MANDATORY_WARNING : Kind.ERROR;
    Messager messager = processingEnv.getMessager();
    AnnotationMirror mirror = reader.mirror(problem.site());
    if (mirror == null) {
      messager.printMessage(kind, problem.message(), model);
    } else if (!reader.repeated()
        || !RepeatedAnnotations.print(
            processingEnv,
            kind,
            problem,
            model,
            AnnotationReader.name(mirror),
            reader.ordinal(mirror))) {
      messager.printMessage(kind, problem.message(), model, mirror, reader.value(problem.site()));
    }
  }
}
