package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.RoundEnvironment;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;
import javax.tools.Diagnostic.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The processor within a compiler: rounds, jars, named modules. */
class CompilerTest {
  private static final String HEADER =
      """
      import dev.peft4j.annotation.*;
      import dev.peft4j.nn.*;
      import dev.peft4j.nn.Module;
      import java.util.*;

      """;

  @TempDir Path folder;

  /** Another processor: writes files in its first round. */
  private static final class Writing extends AbstractProcessor {
    private final List<String> files;
    private boolean done;

    Writing(String... namesAndTexts) {
      files = List.of(namesAndTexts);
    }

    @Override
    public Set<String> getSupportedAnnotationTypes() {
      return Set.of("*");
    }

    @Override
    public SourceVersion getSupportedSourceVersion() {
      return SourceVersion.latestSupported();
    }

    @Override
    public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
      for (int i = 0; !done && i < files.size(); i += 2) {
        try (Writer out = processingEnv.getFiler().createSourceFile(files.get(i)).openWriter()) {
          out.write(files.get(i + 1));
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
      done = true;
      return false;
    }
  }

  @Test
  void waitsForWhatOtherProcessorsWrite() {
    Compilation compilation =
        Compilation.in(folder)
            .processor(
                new Writing(
                    "p.Base",
                    "package p; public class Base extends dev.peft4j.nn.Module { final"
                        + " dev.peft4j.nn.Linear fc = new dev.peft4j.nn.Linear(1, 1); final Part"
                        + " part = new Part(); }",
                    "p.Part",
                    "package p; class Part extends dev.peft4j.nn.Module { final"
                        + " dev.peft4j.nn.Linear q = new dev.peft4j.nn.Linear(1, 1); }",
                    "p.Names",
                    "package p; interface Names { String Q = \"q\"; }"))
            .source(
                "p/M.java",
                "package p;\n"
                    + HEADER
                    + """
                    @Peft(target = {"fc", Names.Q})
                    public class M extends Base {
                        final List<Part> parts = List.of(new Part());
                        public static Object run() { return new MPeft().adapters().log; }
                    }
                    """)
            .compile();
    assertThat(compilation.success()).as("%s", compilation.diagnostics()).isTrue();
    assertThat(String.valueOf(compilation.call("p.M", "run")))
        .endsWith("attach fc, attach part.q, attach parts.0.q, finish]");
  }

  /** Its classes alone, without those that shading adds to the published jar. */
  @Test
  void saysWhatIsMissingOnTheProcessorPath() throws Exception {
    Path classes =
        Path.of(PeftProcessor.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    Path source = Files.createDirectories(folder.resolve("p")).resolve("M.java");
    Files.writeString(
        source,
        "package p;\n"
            + HEADER
            + "@Peft(target = \"fc\") public class M extends Module { Linear fc = new Linear(1, 1);"
            + " }");
    // a process of its own: here the test's class path would lie behind the processor's
    Process javac =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "javac").toString(),
                "-cp",
                String.join(
                    File.pathSeparator, Stubs.classPath().stream().map(Path::toString).toList()),
                "-processorpath",
                classes.toString(),
                "-d",
                folder.resolve("out").toString(),
                source.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(javac.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(said)
        .contains(
            "error: peft4j's annotation processor cannot run: the class com.palantir.javapoet.")
        .contains("The published peft4j-processor-VERSION.jar has all that it needs")
        .doesNotContain("NoClassDefFoundError", "\tat ");
  }

  @Test
  void saysSoWhenATypeNeverComes() {
    Compilation compilation =
        Compilation.in(folder)
            .source(
                "p/M.java",
                "package p;\n"
                    + HEADER
                    + "@Peft(target = \"fc\") public class M extends Module { Linear fc; Gone gone;"
                    + " }")
            .compile();
    assertThat(compilation.success()).isFalse();
    assertThat(compilation.only(Diagnostic.UNRESOLVED.id()).getMessage(Locale.ROOT))
        .contains("@Peft on M", "Gone");
    assertThat(compilation.generated()).isEmptyDirectory();
  }

  @Test
  void saysSoWhenTheRuntimeIsMissing() {
    Compilation compilation =
        Compilation.in(folder)
            .noClassPath()
            .classPath(Stubs.classPath().get(1), Stubs.classPath().get(2))
            .source("package dev.peft4j.nn;\npublic abstract class Module {}")
            .source("package dev.peft4j.nn;\npublic class Linear extends Module {}")
            .source(
                "p/M.java",
                "package p;\n"
                    + HEADER
                    + "@Peft(target = \"x\") public class M extends Module { Linear x; }")
            .compile();
    assertThat(compilation.only(Diagnostic.RUNTIME_MISSING.id()).getMessage(Locale.ROOT))
        .contains("dev.peft4j.tuner.PeftModel", "peft4j-core");
  }

  @Test
  void readsLibrariesFromTheirClassFiles() throws IOException {
    Path library =
        Compilation.plain(folder.resolve("library"))
            .classPath(Stubs.classPath().toArray(Path[]::new))
            .source("lib/Gone.java", "package lib;\npublic class Gone {}")
            .source(
                "lib/Encoder.java",
                "package lib;\n"
                    + HEADER
                    + """
                    public abstract class Encoder<B extends Module> extends Module {
                        private final Linear dense = new Linear(1, 1);
                        @CheckpointName("LayerNorm") public final LayerNorm layerNorm = new LayerNorm(1);
                        public final Linear pooler = new Linear(1, 1);
                        private final List<B> layers = new ArrayList<>();
                        final Linear near = new Linear(1, 1);
                        protected final Linear kept = new Linear(1, 1);
                        private final Gone gone = null;
                        protected Encoder() {}
                        public Linear getDense() { return dense; }
                        public List<B> layers() { return layers; }
                        public Gone gone() { return gone; }
                        protected Linear getKept() { return kept; }
                    }
                    """)
            .source(
                "lib/Block.java",
                "package lib;\n"
                    + HEADER
                    + """
                    public class Block extends Module {
                        private final Linear qProj = new Linear(1, 1);
                        public Linear qProj() { return qProj; }
                    }
                    """)
            .clean()
            .classes();
    Files.delete(library.resolve("lib/Gone.class"));
    Path jar = Stubs.jar(folder.resolve("library.jar"), library, "");
    String model =
        "package app;\n"
            + HEADER
            + """
            @Peft(target = {TARGETS})
            public class M extends lib.Encoder<lib.Block> {
                public M() { layers().add(new lib.Block()); }
                public static Object run() { return new MPeft().adapters().log; }
            }
            """;
    Compilation compilation =
        Compilation.in(folder.resolve("app"))
            .classPath(jar)
            .option("-Xlint:-classfile")
            .source("app/M.java", model.replace("TARGETS", "\"dense\", \"q_proj\", \"pooler\""))
            .compile();
    assertThat(compilation.success()).as("%s", compilation.diagnostics()).isTrue();
    assertThat(compilation.generated("app/MPeft.java"))
        .contains("model.getDense()", "layer.qProj()");

    compilation =
        Compilation.in(folder.resolve("hidden"))
            .classPath(jar)
            .source("app/M.java", model.replace("TARGETS", "\"near\", \"kept\", \"LayerNorm\""))
            .compile();
    assertThat(compilation.messages())
        .extracting(message -> message.substring(0, 7))
        .containsExactlyInAnyOrder("PEFT045", "PEFT045", "PEFT042");
    assertThat(compilation.messages())
        .anyMatch(
            m ->
                m.contains("Encoder.near")
                    && m.contains("in package lib")
                    && m.contains("getNear()"))
        .anyMatch(m -> m.contains("Encoder.kept") && m.contains("public"))
        .anyMatch(m -> m.contains("LayerNorm (LayerNorm)"));
  }

  @Test
  void worksInNamedModules() {
    String model =
        "package app.model;\n"
            + HEADER
            + """
            @Peft(target = "fc")
            public class M extends Module {
                final Linear fc = new Linear(1, 1);
            }
            """;
    List<Path> modules = Stubs.modules(folder);
    Compilation compilation =
        Compilation.in(folder.resolve("open"))
            .noClassPath()
            .modulePath(modules.toArray(Path[]::new))
            .option("-Xlint:-requires-automatic")
            .source(
                "module-info.java",
                "module app { requires dev.peft4j.core; requires dev.peft4j.annotations; opens"
                    + " app.model to dev.peft4j.core; }")
            .source("app/model/M.java", model)
            .compile();
    assertThat(compilation.diagnostics()).isEmpty();
    assertThat(compilation.success()).isTrue();

    compilation =
        Compilation.in(folder.resolve("marked"))
            .noClassPath()
            .modulePath(modules.toArray(Path[]::new))
            .option("-Xlint:-requires-automatic")
            .source(
                "module-info.java",
                "open module app { requires dev.peft4j.core; requires dev.peft4j.annotations;"
                    + " requires static java.compiler; }")
            .source("app/model/M.java", model)
            .clean();
    assertThat(compilation.generated("app/model/MPeft.java")).contains("@Generated(");

    compilation =
        Compilation.in(folder.resolve("closed"))
            .noClassPath()
            .modulePath(modules.toArray(Path[]::new))
            .option("-Xlint:-requires-automatic")
            .source(
                "module-info.java",
                "module app { requires dev.peft4j.core; requires dev.peft4j.annotations; }")
            .source("app/model/M.java", model)
            .compile();
    var warning = compilation.only(Diagnostic.PACKAGE_NOT_OPEN.id());
    assertThat(warning.getKind()).isEqualTo(Kind.MANDATORY_WARNING);
    assertThat(warning.getMessage(Locale.ROOT)).contains("opens app.model to dev.peft4j.core;");
    assertThat(compilation.success()).isTrue();
  }

  @Test
  void leavesOutWhatIsTransient() {
    Compilation.in(folder)
        .source(
            "p/A.java",
            "package p;\n"
                + HEADER
                + "@Peft(target = \"x\") public class A extends Module {"
                + " Linear x; transient Linear[] cache; }")
        .clean();
  }

  @Test
  void goesWithTheNewestSource() {
    Compilation.in(folder)
        .option("--release", String.valueOf(Runtime.version().feature()))
        .source(
            "p/A.java",
            "package p;\n"
                + HEADER
                + "@Peft(target = \"x\") public class A extends Module { record P(Linear x) {}"
                + " final P p = new P(null); }")
        .clean();
  }
}
