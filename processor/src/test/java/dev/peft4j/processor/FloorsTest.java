package dev.peft4j.processor;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import org.junit.jupiter.api.Test;

/** The processor knows the annotations and the rules for targets, and nothing of the runtime. */
class FloorsTest {
  @Test
  void knowsNothingOfTheRuntime() {
    DescribedPredicate<JavaClass> known =
        DescribedPredicate.describe(
            "the processor's, the annotations or none of peft4j",
            c ->
                !c.getPackageName().startsWith("dev.peft4j.")
                    || c.getPackageName()
                        .matches("dev\\.peft4j\\.(annotation|target|processor)(\\..*)?"));
    classes()
        .should()
        .onlyDependOnClassesThat(known)
        .check(new ClassFileImporter().importPackagesOf(PeftProcessor.class));
  }
}
