package dev.peft4j.processor;

import com.palantir.javapoet.AnnotationSpec;
import com.palantir.javapoet.ClassName;
import com.palantir.javapoet.ParameterSpec;
import com.palantir.javapoet.TypeName;
import com.palantir.javapoet.TypeVariableName;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The parts of an annotated class that are written, except its modules.
 *
 * @param type the class with its type variables
 * @param superType the same as it is written after extends
 * @param generated the class to write
 * @param isPublic whether that one is public
 * @param deprecated whether the annotated class is, with what it says of that
 * @param suppressed the warnings that the annotated class and those around it suppress, and those
 *     that only the generated one is given
 * @param typeVariables with their bounds
 * @param constructors those that are mirrored
 * @param overrides the methods that both Module and PeftModel declare
 * @param attachName the name of the method that attaches, which no method of the model has
 */
record ModelSpec(
    TypeName type,
    TypeName superType,
    String shortName,
    ClassName generated,
    boolean isPublic,
    @Nullable AnnotationSpec deprecated,
    List<String> suppressed,
    List<TypeVariableName> typeVariables,
    List<ConstructorSpec> constructors,
    List<OverrideSpec> overrides,
    String attachName) {

  ModelSpec {
    suppressed = List.copyOf(suppressed);
    typeVariables = List.copyOf(typeVariables);
    constructors = List.copyOf(constructors);
    overrides = List.copyOf(overrides);
  }

  /**
   * A constructor.
   *
   * @param visibility {@code public}, {@code protected} or nothing
   * @param javadoc empty if there is none
   */
  record ConstructorSpec(
      String visibility,
      List<TypeVariableName> typeVariables,
      List<ParameterSpec> parameters,
      boolean varargs,
      List<TypeName> exceptions,
      List<AnnotationSpec> annotations,
      String javadoc) {

    ConstructorSpec {
      typeVariables = List.copyOf(typeVariables);
      parameters = List.copyOf(parameters);
      exceptions = List.copyOf(exceptions);
      annotations = List.copyOf(annotations);
    }
  }

  /** A method that a class and an interface both have, for which the interface's is chosen. */
  record OverrideSpec(
      String name,
      List<TypeVariableName> typeVariables,
      TypeName returns,
      List<ParameterSpec> parameters,
      boolean varargs,
      List<TypeName> exceptions) {

    OverrideSpec {
      typeVariables = List.copyOf(typeVariables);
      parameters = List.copyOf(parameters);
      exceptions = List.copyOf(exceptions);
    }
  }
}
