package dev.peft4j.samples.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.source.doctree.DocCommentTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The first sentence of Javadoc: of a public method a verb in the third person ("Returns the
 * parameters."), of a public type a noun phrase.
 */
class JavadocTest {
  private static final Path ROOT = Path.of(System.getProperty("documentation", ".."));

  private static final Pattern VERB = Pattern.compile("[A-Z][a-z]+s\\b.*");
  private static final Pattern NO_VERB =
      Pattern.compile("(This|Its|Always|As|Plus|Less|Values|Names of|Numbers|Rows)\\b.*");
  private static final Pattern NO_NOUN =
      Pattern.compile(
          "(What|How|Whether|Where|Which|Why|When|Who|Whoever|Something|Tells|Asks|Says|Is|Has|Does"
              + "|Gives|Makes|Takes|Puts|Reads|Writes|Runs|Finds|Looks|Lets|Calls|Computes|Builds"
              + "|Adds|Prints|Turns|Brings|Checks that)\\b.*");

  @Test
  void firstSentencesFollowTheRule() throws IOException {
    List<Path> sources = sources();
    assertThat(sources).hasSizeGreaterThan(300);
    assertThat(problems(sources)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "true | Returns the parameters.",
        "true | Applies {@code op}.",
        "false | The parameters.",
        "false | Whether it is trained.",
        "false | As {@link #forward}.",
        "false | {@code x} squared."
      })
  void ofMethods(boolean right, String sentence) {
    assertThat(isVerb(sentence)).isEqualTo(right);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "true | A layer without bias.",
        "true | Checks of labels.",
        "false | What a layer computes.",
        "false | Reads a file."
      })
  void ofTypes(boolean right, String sentence) {
    assertThat(isNoun(sentence)).isEqualTo(right);
  }

  private static boolean isVerb(String sentence) {
    return VERB.matcher(sentence).matches() && !NO_VERB.matcher(sentence).matches();
  }

  private static boolean isNoun(String sentence) {
    return !NO_NOUN.matcher(sentence).matches();
  }

  private static List<Path> sources() throws IOException {
    List<Path> modules = new ArrayList<>();
    for (String module : List.of("annotations", "processor", "samples")) {
      modules.add(ROOT.resolve(module));
    }
    try (Stream<Path> runtime = Files.list(ROOT.resolve("runtime"))) {
      runtime.forEach(modules::add);
    }
    List<Path> all = new ArrayList<>();
    for (Path module : modules) {
      Path java = module.resolve("src/main/java");
      if (Files.isDirectory(java)) {
        try (Stream<Path> files = Files.walk(java)) {
          files.filter(f -> f.toString().endsWith(".java")).sorted().forEach(all::add);
        }
      }
    }
    return all;
  }

  private static List<String> problems(List<Path> sources) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<String> problems = new ArrayList<>();
    try (var files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
      var task =
          (JavacTask)
              compiler.getTask(
                  null,
                  files,
                  _ -> {},
                  List.of(),
                  null,
                  files.getJavaFileObjectsFromPaths(sources));
      DocTrees docs = DocTrees.instance(task);
      for (CompilationUnitTree unit : task.parse()) {
        new Reader(docs, unit, problems).scan(unit, null);
      }
    }
    return problems;
  }

  private static String fileName(CompilationUnitTree unit) {
    return Path.of(unit.getSourceFile().getName()).getFileName().toString();
  }

  /** Looks at the public types of a file and their public methods. */
  private static final class Reader extends TreePathScanner<Void, Void> {
    private final DocTrees docs;
    private final CompilationUnitTree unit;
    private final List<String> problems;

    Reader(DocTrees docs, CompilationUnitTree unit, List<String> problems) {
      this.docs = docs;
      this.unit = unit;
      this.problems = problems;
    }

    @Override
    public Void visitClass(ClassTree type, Void unused) {
      if (!isPublic(type.getModifiers())) {
        return null;
      }
      String first = firstSentence();
      if (first != null && !isNoun(first)) {
        report(type, first, "a noun phrase");
      }
      // a member of an annotation is a value: "The rank."
      return type.getKind() == Tree.Kind.ANNOTATION_TYPE ? null : super.visitClass(type, null);
    }

    @Override
    public Void visitMethod(MethodTree method, Void unused) {
      String first = firstSentence();
      if (first != null && isPublic(method.getModifiers()) && !isVerb(first)) {
        report(method, first, "a verb in the third person, such as Returns or Creates");
      }
      return null;
    }

    /** Members of interfaces are public without saying it. */
    private boolean isPublic(ModifiersTree modifiers) {
      Set<Modifier> flags = modifiers.getFlags();
      return flags.contains(Modifier.PUBLIC)
          || flags.contains(Modifier.PROTECTED)
          || getCurrentPath().getParentPath().getLeaf() instanceof ClassTree outer
              && outer.getKind() == Tree.Kind.INTERFACE
              && !flags.contains(Modifier.PRIVATE);
    }

    private String firstSentence() {
      DocCommentTree doc = docs.getDocCommentTree(getCurrentPath());
      if (doc == null || doc.getFirstSentence().isEmpty()) {
        return null;
      }
      return doc.getFirstSentence().stream()
          .map(Object::toString)
          .collect(Collectors.joining())
          .replaceAll("\\s+", " ");
    }

    private void report(Tree at, String found, String expected) {
      long line =
          unit.getLineMap().getLineNumber(docs.getSourcePositions().getStartPosition(unit, at));
      problems.add(
          "%s:%d begins with \"%s\", expected %s".formatted(fileName(unit), line, found, expected));
    }
  }
}
