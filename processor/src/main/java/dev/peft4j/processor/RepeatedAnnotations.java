package dev.peft4j.processor;

import com.sun.source.tree.AnnotationTree;
import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.NewArrayTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.TreePath;
import com.sun.source.util.Trees;
import java.util.ArrayList;
import java.util.List;
import javax.annotation.processing.ProcessingEnvironment;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic.Kind;
import org.jspecify.annotations.Nullable;

/**
 * A printer of messages on annotations that are repeated. javac's {@code Messager} does not find
 * the source of these, since it looks for the container that the compiler made of them; so they are
 * found in javac's own trees. Where there are none (another compiler, a build tool that hides
 * javac) the {@code Messager} has to do.
 */
final class RepeatedAnnotations {
  private RepeatedAnnotations() {}

  /**
   * Prints a problem where it is; returns false if the place was not found.
   *
   * @param annotation the qualified name of the annotation that it is in
   * @param ordinal which of the annotations of that name
   */
  static boolean print(
      ProcessingEnvironment environment,
      Kind kind,
      Problem problem,
      TypeElement type,
      String annotation,
      int ordinal) {
    try {
      Trees trees = Trees.instance(environment);
      TreePath path = trees.getPath(type);
      if (path == null || !(path.getLeaf() instanceof ClassTree tree)) {
        return false;
      }
      List<AnnotationTree> written = new ArrayList<>();
      for (AnnotationTree each : tree.getModifiers().getAnnotations()) {
        TreePath name = TreePath.getPath(path, each.getAnnotationType());
        if (trees.getElement(name) instanceof TypeElement found
            && found.getQualifiedName().contentEquals(annotation)) {
          written.add(each);
        }
      }
      Site site = problem.site();
      if (ordinal >= written.size()) {
        return false;
      }
      Tree place = find(written.get(ordinal), site);
      trees.printMessage(kind, problem.message(), place, path.getCompilationUnit());
      return true;
    } catch (IllegalArgumentException | LinkageError e) {
      return false;
    }
  }

  private static Tree find(AnnotationTree annotation, Site site) {
    ExpressionTree value = value(annotation, site.member());
    if (value == null) {
      return annotation;
    }
    if (site.index() >= 0
        && value instanceof NewArrayTree array
        && site.index() < array.getInitializers().size()) {
      value = array.getInitializers().get(site.index());
    }
    if (!site.inner().isEmpty() && value instanceof AnnotationTree nested) {
      ExpressionTree inner = value(nested, site.inner());
      return inner == null ? value : inner;
    }
    return value;
  }

  private static @Nullable ExpressionTree value(AnnotationTree annotation, String member) {
    for (ExpressionTree argument : annotation.getArguments()) {
      if (argument instanceof AssignmentTree assignment
          && assignment.getVariable().toString().equals(member)) {
        return assignment.getExpression();
      }
    }
    return null;
  }
}
