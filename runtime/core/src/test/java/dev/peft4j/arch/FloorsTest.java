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
  @Test
  void packagesKnowOnlyThoseBelow() {
    JavaClasses classes = Floors.classes(FloorsTest.class);
    Floors.check(classes);
    // no knot of classes either; a PeftModel makes an AdaptedModel, which is one
    Floors.noCyclesOfClasses("tuner", Set.of("PeftModel", "AdaptedModel")).check(classes);
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
    JavaClasses names = new ClassFileImporter().importClasses(dev.peft4j.tuner.NamesATuner.class);
    assertThatThrownBy(() -> Floors.noTunerIsNamed().check(names))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("tuner must not know tuner.lora");
  }
}
