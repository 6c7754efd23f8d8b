package dev.peft4j.arch;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.domain.properties.HasModifiers;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The packages that are the public API. All others are internal: they may change at any time, their
 * documentation says so, and nothing of theirs is in a signature of the API.
 */
public final class Exports {
  /** The public API, without {@code dev.peft4j.}; the dot is that package itself. */
  static final Set<String> API =
      Set.of(
          ".",
          "annotation",
          "target",
          "data",
          "random",
          "linalg",
          "io",
          "gguf",
          "graph",
          "op",
          "backend",
          "tensor",
          "nn",
          "optim",
          "metrics",
          "tuner",
          "dataset",
          "train",
          "hub",
          "chat",
          "transformers",
          "transformers.minilm",
          "constraint",
          "generate",
          "sft",
          "langchain4j",
          "spark",
          "reports",
          "kotlin");

  /** What is internal, with all packages below. */
  static final Set<String> INTERNAL =
      Set.of(
          "log",
          "checkpoint",
          "backend.cpu",
          "backend.reference",
          "backend.cublas",
          "backend.tornado",
          "reports.terminal",
          "chat.jinja",
          "processor",
          "cli",
          "samples");

  /** Each tuner's package is API, so that a further one is a folder and nothing else. */
  private static final String TUNERS = "tuner.";

  private static final String ROOT = "dev.peft4j";
  private static final String SAID = "Internal to peft4j";

  private Exports() {}

  /** Holds it for classes of peft4j; {@link #requireSaid} is for their sources. */
  static void check(JavaClasses classes) {
    everyPackageIsListed().check(classes);
    noInternalTypeIsInASignature().check(classes);
  }

  static boolean isInternal(String name) {
    return INTERNAL.stream().anyMatch(i -> name.equals(i) || name.startsWith(i + "."));
  }

  static ArchRule everyPackageIsListed() {
    return ArchRuleDefinition.classes()
        .should(
            new ArchCondition<JavaClass>("be in a package that is API or internal") {
              @Override
              public void check(JavaClass c, ConditionEvents events) {
                String name = Floors.packageOf(c);
                if (!name.isEmpty() && isApi(name) == isInternal(name)) {
                  events.add(
                      SimpleConditionEvent.violated(
                          c,
                          c.getName()
                              + ": say in "
                              + Exports.class.getName()
                              + " whether package "
                              + c.getPackageName()
                              + " is the public API or internal"));
                }
              }
            });
  }

  private static boolean isApi(String name) {
    return API.contains(name) || name.startsWith(TUNERS);
  }

  /** Supertypes, fields, parameters, results and exceptions that a user of the API sees. */
  static ArchRule noInternalTypeIsInASignature() {
    return ArchRuleDefinition.classes()
        .should(
            new ArchCondition<JavaClass>("show only the public API") {
              @Override
              public void check(JavaClass c, ConditionEvents events) {
                if (!isApi(Floors.packageOf(c)) || !isVisible(c)) {
                  return;
                }
                c.getInterfaces().forEach(i -> look(c, "implements", i, events));
                c.getSuperclass().ifPresent(s -> look(c, "extends", s, events));
                for (JavaMember m : c.getMembers()) {
                  if (!isSeen(m)) {
                    continue;
                  }
                  List<JavaType> types = new ArrayList<>();
                  if (m instanceof JavaField f) {
                    types.add(f.getType());
                  } else if (m instanceof JavaCodeUnit u) {
                    types.add(u.getReturnType());
                    types.addAll(u.getParameterTypes());
                    types.addAll(u.getExceptionTypes());
                  }
                  types.forEach(t -> look(c, m.getFullName() + " has", t, events));
                }
              }
            });
  }

  private static void look(JavaClass c, String how, JavaType type, ConditionEvents events) {
    for (JavaClass t : type.getAllInvolvedRawTypes()) {
      String name = Floors.packageOf(t);
      if (!name.isEmpty() && isInternal(name)) {
        events.add(
            SimpleConditionEvent.violated(
                c, c.getName() + " is public API, but " + how + " " + t.getName()));
      }
    }
  }

  private static boolean isVisible(JavaClass c) {
    return isSeen(c) && c.getEnclosingClass().map(Exports::isVisible).orElse(true);
  }

  private static boolean isSeen(HasModifiers m) {
    Set<JavaModifier> all = m.getModifiers();
    return (all.contains(JavaModifier.PUBLIC) || all.contains(JavaModifier.PROTECTED))
        && !all.contains(JavaModifier.SYNTHETIC);
  }

  /** Throws unless the documentation of each internal package says that it is internal. */
  static void requireSaid(Path sources) {
    Set<Path> silent = new TreeSet<>();
    if (!Files.isDirectory(sources)) {
      return;
    }
    try (Stream<Path> files = Files.walk(sources)) {
      for (Path f : files.filter(f -> f.endsWith("package-info.java")).toList()) {
        String name = sources.relativize(f.getParent()).toString().replaceAll("[/\\\\]", ".");
        if (name.startsWith(ROOT + ".")
            && !name.startsWith(ROOT + ".samples")
            && isInternal(name.substring(ROOT.length() + 1))
            && !Files.readString(f).contains(SAID)) {
          silent.add(f);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (!silent.isEmpty()) {
      throw new AssertionError("internal packages that do not say '" + SAID + "': " + silent);
    }
  }
}
