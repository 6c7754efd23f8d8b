package dev.peft4j.processor;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.AnnotationMirror;
import javax.lang.model.element.Element;
import javax.lang.model.element.ElementKind;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.Elements;
import org.jspecify.annotations.Nullable;

/**
 * The wait for Lombok, which changes classes in place while they are compiled: it adds constructors
 * and accessors, makes fields private and classes final. Whether it has been at a class yet cannot
 * be seen. But after a round in which it has it always asks for another one, so that a class with
 * its annotations is read one round after it came, whichever of the two processors is called first.
 */
final class Lombok {
  private static final String PREFIX = "lombok.";

  /** Those that leave the class as it is. */
  private static final Set<String> HARMLESS = Set.of("lombok.NonNull", "lombok.Generated");

  private final Map<String, Integer> since = new HashMap<>();
  private int round;

  void nextRound() {
    round++;
  }

  /**
   * Returns an annotation of a source class that Lombok may still have to process, or null.
   *
   * @param elements javac's, or another compiler's: in Eclipse, Lombok answers while it parses
   */
  @Nullable String pending(TypeElement type, Elements elements) {
    if (elements.getClass().getName().startsWith("org.eclipse.")) {
      return null;
    }
    String name = type.getQualifiedName().toString();
    if (since.getOrDefault(name, round) < round) {
      return null;
    }
    String found =
        Stream.concat(
                Stream.of(type),
                type.getEnclosedElements().stream().filter(e -> !isType(e)).map(e -> (Element) e))
            .flatMap(e -> e.getAnnotationMirrors().stream())
            .map(Lombok::name)
            .filter(Lombok::changes)
            .findFirst()
            .orElse(null);
    if (found != null) {
      since.putIfAbsent(name, round);
    }
    return found;
  }

  private static boolean isType(Element element) {
    ElementKind kind = element.getKind();
    return kind.isClass() || kind.isInterface();
  }

  private static String name(AnnotationMirror mirror) {
    return ((TypeElement) mirror.getAnnotationType().asElement()).getQualifiedName().toString();
  }

  private static boolean changes(String name) {
    return name.startsWith(PREFIX)
        && !name.startsWith("lombok.extern.")
        && !HARMLESS.contains(name);
  }
}
