package dev.peft4j.arch;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The floors of the house, for the tests of every module: which package knows which. Package {@code
 * a} stands for {@code dev.peft4j.a} and the dot for {@code dev.peft4j}; one below it that is not
 * listed stands on its floor.
 */
public final class Floors {
  /** Every package, the lowest first: it may know those before it and none of those after it. */
  private static final List<String> ORDER =
      List.of(
          ".",
          "annotation",
          "target",
          "log",
          "linalg",
          "metrics",
          "data",
          "random",
          "io",
          "gguf",
          "graph",
          "op",
          "backend",
          "backend.reference",
          "backend.cpu",
          "backend.cublas",
          "backend.tornado",
          "tensor",
          "nn",
          "optim",
          "tuner",
          "tuner.tokens",
          "tuner.lora",
          "dataset",
          "train",
          "chat",
          "hub",
          "checkpoint",
          "transformers",
          "constraint",
          "generate",
          "sft",
          "langchain4j",
          "spark",
          "reports",
          "kotlin",
          "processor",
          "cli",
          "samples");

  /** Packages that know less than their floor lets them. */
  private static final Map<String, Set<String>> ONLY =
      Map.ofEntries(
          Map.entry(".", Set.of()),
          Map.entry("log", Set.of()),
          Map.entry("linalg", Set.of()),
          Map.entry("metrics", Set.of()),
          Map.entry("annotation", Set.of()),
          Map.entry("target", Set.of("annotation")),
          Map.entry("data", Set.of()),
          Map.entry("io", Set.of("data", "log")),
          Map.entry("gguf", Set.of("data", "io")),
          Map.entry("graph", Set.of("data")),
          Map.entry("processor", Set.of("annotation", "target")));

  private static final String ROOT = "dev.peft4j.";

  private Floors() {}

  /**
   * Returns the classes of peft4j on the class path, without those of tests.
   *
   * @param test one of the module's tests
   */
  static JavaClasses classes(Class<?> test) {
    String own = location(test);
    String here = location(Floors.class);
    JavaClasses found =
        new ClassFileImporter()
            .withImportOption(at -> !at.contains(own) && !at.contains(here))
            .importPackages("dev.peft4j");
    if (found.stream().noneMatch(c -> packageOf(c).equals("annotation"))) {
      throw new AssertionError("no classes of peft4j are on the class path");
    }
    return found;
  }

  private static String location(Class<?> c) {
    return c.getProtectionDomain().getCodeSource().getLocation().getPath();
  }

  /**
   * Holds that packages are free of cycles, that none knows one above it, that what is common to
   * all tuners names none, and that only the public API is public ({@link Exports}).
   *
   * @param test one of the module's tests
   */
  public static void check(Class<?> test) {
    check(classes(test));
  }

  static void check(JavaClasses classes) {
    noCyclesOfPackages().check(classes);
    noPackageKnowsOneAbove().check(classes);
    noTunerIsNamed().check(classes);
    Exports.check(classes);
  }

  static ArchRule noCyclesOfPackages() {
    return SlicesRuleDefinition.slices()
        .assignedFrom(slices("packages", Floors::packageOf))
        .should()
        .beFreeOfCycles();
  }

  /**
   * Holds that no classes of a package know each other in a circle.
   *
   * @param pair names of classes that are taken for one
   */
  static ArchRule noCyclesOfClasses(String packageName, Set<String> pair) {
    return SlicesRuleDefinition.slices()
        .assignedFrom(
            slices(
                "classes of " + packageName,
                c -> {
                  String name = outermost(c).getSimpleName();
                  return !packageOf(c).equals(packageName)
                      ? ""
                      : pair.contains(name) ? "pair" : name;
                }))
        .should()
        .beFreeOfCycles();
  }

  static ArchRule noPackageKnowsOneAbove() {
    return ArchRuleDefinition.classes()
        .that(in("dev.peft4j", c -> !packageOf(c).isEmpty()))
        .should(know("only packages on floors below", Floors::isAllowed));
  }

  /** Holds that what is common to all tuners names none of them. */
  static ArchRule noTunerIsNamed() {
    return ArchRuleDefinition.classes()
        .that(in("packages of the core", Floors::isOfCore))
        .should(
            know(
                "no tuner of its own package",
                (from, to) -> !to.startsWith("tuner.") || from.startsWith("tuner.")));
  }

  private static boolean isOfCore(JavaClass c) {
    return !packageOf(c).isEmpty() && floor(packageOf(c)) <= ORDER.indexOf("train");
  }

  private interface Allowed {
    boolean test(String from, String to);
  }

  private static boolean isAllowed(String from, String to) {
    Set<String> only = ONLY.get(from);
    return to.equals(".") || (only == null ? floor(to) <= floor(from) : only.contains(to));
  }

  private static int floor(String name) {
    for (String n = name; !n.isEmpty(); n = n.substring(0, Math.max(n.lastIndexOf('.'), 0))) {
      if (ORDER.contains(n)) {
        return ORDER.indexOf(n);
      }
    }
    throw new AssertionError(
        "package dev.peft4j." + name + " has no floor: give it one in " + Floors.class.getName());
  }

  private static ArchCondition<JavaClass> know(String what, Allowed allowed) {
    return new ArchCondition<>("know " + what) {
      @Override
      public void check(JavaClass c, ConditionEvents events) {
        String from = packageOf(c);
        for (Dependency d : c.getDirectDependenciesFromSelf()) {
          String to = packageOf(d.getTargetClass());
          if (!to.isEmpty() && !to.equals(from) && !allowed.test(from, to)) {
            events.add(
                SimpleConditionEvent.violated(
                    c, from + " must not know " + to + ": " + d.getDescription()));
          }
        }
      }
    };
  }

  private static DescribedPredicate<JavaClass> in(String what, Predicate<JavaClass> which) {
    return DescribedPredicate.describe(what, which);
  }

  private static SliceAssignment slices(String what, Function<JavaClass, String> name) {
    return new SliceAssignment() {
      @Override
      public SliceIdentifier getIdentifierOf(JavaClass c) {
        String n = name.apply(c);
        return n.isEmpty() ? SliceIdentifier.ignore() : SliceIdentifier.of(n);
      }

      @Override
      public String getDescription() {
        return what;
      }
    };
  }

  private static JavaClass outermost(JavaClass c) {
    JavaClass outer = c;
    while (outer.getEnclosingClass().isPresent()) {
      outer = outer.getEnclosingClass().get();
    }
    return outer;
  }

  /**
   * The name of the class's package without {@code dev.peft4j.}, a dot for that package itself;
   * empty for other packages, and for libraries inside the processor's jar.
   */
  static String packageOf(JavaClass c) {
    String name = c.getPackageName();
    if (name.contains(".shaded.")) {
      return "";
    }
    return name.equals("dev.peft4j")
        ? "."
        : name.startsWith(ROOT) ? name.substring(ROOT.length()) : "";
  }
}
