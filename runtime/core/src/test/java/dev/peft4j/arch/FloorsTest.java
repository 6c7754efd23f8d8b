package dev.peft4j.arch;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import dev.peft4j.data.Storage;
import dev.peft4j.tuner.Tuner;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which package knows which, here and in the annotations. */
class FloorsTest {
  private static final JavaClasses CLASSES = Floors.classes(FloorsTest.class);

  @Test
  void packagesKnowOnlyThoseBelow() {
    Floors.check(CLASSES);
  }

  /** Only a {@code PeftModel} makes an {@code AdaptedModel}, which is one. */
  @Test
  void whatIsCommonToTunersIsNoKnot() {
    Floors.noCyclesOfClasses("tuner", Set.of("PeftModel", "AdaptedModel")).check(CLASSES);
  }

  /** What the rules are for: a package that knows one above it. */
  @Test
  void aForbiddenImportIsFound() {
    JavaClasses wrong =
        new ClassFileImporter()
            .importClasses(dev.peft4j.data.WrongFloor.class, Storage.class, Tuner.class);
    assertThatThrownBy(() -> Floors.noPackageKnowsOneAbove().check(wrong))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("data must not know tuner");
    JavaClasses names =
        new ClassFileImporter().importClasses(dev.peft4j.tuner.NamesATuner.class);
    assertThatThrownBy(() -> Floors.noTunerIsNamed().check(names))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("tuner must not know tuner.lora");
  }
}
