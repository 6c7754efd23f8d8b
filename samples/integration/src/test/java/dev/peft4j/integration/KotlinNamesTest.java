package dev.peft4j.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/** Names of the Java API can be written in Kotlin as they are. */
class KotlinNamesTest {
  /** Words that Kotlin wants in backquotes wherever they are names. */
  private static final Set<String> KEYWORDS =
      Set.of(
          ("as break class continue do else false for fun if in interface is null object package"
                  + " return super this throw true try typealias typeof val var when while")
              .split(" "));

  @Test
  void noneIsAKeyword() throws IOException {
    List<String> names = new ArrayList<>();
    for (String artifact : Built.jars()) {
      if (!artifact.equals("peft4j-kotlin") && !artifact.equals("peft4j-processor")) {
        for (Class<?> c : classes(artifact)) {
          if (isVisible(c)) {
            names.add(c.getName());
            members(c).forEach(m -> names.add(c.getName() + "." + m));
          }
        }
      }
    }
    assertThat(names)
        .hasSizeGreaterThan(1000)
        .contains("dev.peft4j.nn.Linear.inFeatures", "dev.peft4j.transformers.BertModel");
    assertThat(names).filteredOn(KotlinNamesTest::hasKeyword).isEmpty();
  }

  /** What is not marked has platform types in Kotlin. */
  @Test
  void everyPackageSaysWhatMayBeNull() throws IOException {
    Set<Package> packages = new HashSet<>();
    for (String artifact : Built.jars()) {
      if (!artifact.equals("peft4j-kotlin")) {
        for (Class<?> c : classes(artifact)) {
          if (isVisible(c) && !c.getName().contains(".shaded.")) {
            packages.add(c.getPackage());
          }
        }
      }
    }
    assertThat(packages)
        .hasSizeGreaterThan(10)
        .allMatch(p -> p.isAnnotationPresent(NullMarked.class), "is null-marked");
  }

  /** From the file of the class: types that it names, such as Spark's, need not be there. */
  private static List<String> members(Class<?> c) throws IOException {
    String file = c.getName().substring(c.getName().lastIndexOf('.') + 1) + ".class";
    List<String> names = new ArrayList<>();
    try (InputStream in = Objects.requireNonNull(c.getResourceAsStream(file))) {
      ClassModel model = ClassFile.of().parse(in.readAllBytes());
      model.methods().stream()
          .filter(m -> isVisible(m.flags().flagsMask()) && !m.flags().has(AccessFlag.SYNTHETIC))
          .forEach(m -> names.add(m.methodName().stringValue()));
      model.fields().stream()
          .filter(f -> isVisible(f.flags().flagsMask()) && !f.flags().has(AccessFlag.SYNTHETIC))
          .forEach(f -> names.add(f.fieldName().stringValue()));
    }
    return names;
  }

  private static boolean hasKeyword(String name) {
    return Stream.of(name.split("[.$]")).anyMatch(KEYWORDS::contains);
  }

  private static boolean isVisible(Class<?> c) {
    return isVisible(c.getModifiers())
        && (c.getDeclaringClass() == null || isVisible(c.getDeclaringClass()));
  }

  private static boolean isVisible(int modifiers) {
    return (modifiers & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0;
  }

  private static List<Class<?>> classes(String artifact) throws IOException {
    List<Class<?>> found = new ArrayList<>();
    try (JarFile jar = new JarFile(Built.published(artifact, ".jar").toFile())) {
      for (String entry : jar.stream().map(JarEntry::getName).toList()) {
        if (entry.endsWith(".class") && !entry.endsWith("-info.class")) {
          String name = entry.substring(0, entry.length() - ".class".length()).replace('/', '.');
          found.add(load(name));
        }
      }
    }
    return found;
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, KotlinNamesTest.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }
}
