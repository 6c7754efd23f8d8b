package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.annotation.processing.Processor;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.StandardLocation;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/** Compiles sources in a folder of their own, with the processor, and keeps what came of it. */
final class Compilation {
  private static final Pattern PACKAGE = Pattern.compile("(?m)^package ([\\w.]+);");
  private static final Pattern TYPE =
      Pattern.compile("(?m)^[^\\n{*]*?\\b(?:class|interface|record|enum) (\\w+)");

  private final JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
  private final Path folder;
  private final List<Path> sources = new ArrayList<>();
  private final List<Path> classPath = new ArrayList<>();
  private final List<Path> modulePath = new ArrayList<>();
  private final List<Processor> processors = new ArrayList<>();
  private final List<String> options =
      new ArrayList<>(List.of("--release", "17", "-Xlint:all,-processing"));
  private final List<Diagnostic<? extends JavaFileObject>> diagnostics = new ArrayList<>();
  private boolean success;

  private Compilation(Path folder) {
    this.folder = folder;
  }

  /** A compilation with the processor against stand-ins for the runtime. */
  static Compilation in(Path folder) {
    Compilation compilation = new Compilation(folder).processor(new PeftProcessor());
    compilation.classPath.addAll(Stubs.classPath());
    return compilation;
  }

  /** A compilation without processor and class path. */
  static Compilation plain(Path folder) {
    return new Compilation(folder);
  }

  Compilation source(String text) {
    var type = TYPE.matcher(text);
    var pack = PACKAGE.matcher(text);
    String file = type.find() ? type.group(1) + ".java" : "module-info.java";
    String path = pack.find() ? pack.group(1).replace('.', '/') + "/" + file : file;
    return source(path, text);
  }

  Compilation source(String path, String text) {
    try {
      Path file = folder.resolve("src").resolve(path);
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
      sources.add(file);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Compilation sources(Path tree) {
    try (Stream<Path> files = Files.walk(tree)) {
      files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Compilation classPath(Path... paths) {
    classPath.addAll(List.of(paths));
    return this;
  }

  Compilation modulePath(Path... paths) {
    modulePath.addAll(List.of(paths));
    return this;
  }

  Compilation noClassPath() {
    classPath.clear();
    return this;
  }

  Compilation processor(Processor processor) {
    processors.add(processor);
    return this;
  }

  Compilation option(String... more) {
    options.addAll(List.of(more));
    return this;
  }

  Compilation compile() {
    var collector = new DiagnosticCollector<JavaFileObject>();
    try (StandardJavaFileManager files =
        compiler.getStandardFileManager(collector, Locale.ROOT, null)) {
      Files.createDirectories(classes());
      Files.createDirectories(generated());
      files.setLocationFromPaths(StandardLocation.CLASS_OUTPUT, List.of(classes()));
      files.setLocationFromPaths(StandardLocation.SOURCE_OUTPUT, List.of(generated()));
      files.setLocationFromPaths(StandardLocation.CLASS_PATH, classPath);
      if (!modulePath.isEmpty()) {
        files.setLocationFromPaths(StandardLocation.MODULE_PATH, modulePath);
      }
      var out = new StringWriter();
      var task =
          compiler.getTask(
              out, files, collector, options, null, files.getJavaFileObjectsFromPaths(sources));
      task.setProcessors(processors);
      success = task.call();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    diagnostics.addAll(collector.getDiagnostics());
    return this;
  }

  /** Compiles and expects neither errors nor warnings. */
  Compilation clean() {
    compile();
    assertThat(diagnostics).isEmpty();
    assertThat(success).isTrue();
    return this;
  }

  List<Path> files() {
    return sources;
  }

  boolean success() {
    return success;
  }

  Path classes() {
    return folder.resolve("classes");
  }

  Path generated() {
    return folder.resolve("generated");
  }

  String generated(String path) {
    try {
      return Files.readString(generated().resolve(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<Diagnostic<? extends JavaFileObject>> diagnostics() {
    return diagnostics;
  }

  /** The processor's own messages, in order. */
  List<String> messages() {
    return diagnostics.stream()
        .map(d -> d.getMessage(Locale.ROOT))
        .filter(message -> message.startsWith("PEFT"))
        .toList();
  }

  /** The diagnostic with this id; there has to be just one. */
  Diagnostic<? extends JavaFileObject> only(String id) {
    var found =
        diagnostics.stream().filter(d -> d.getMessage(Locale.ROOT).startsWith(id + ": ")).toList();
    assertThat(found).as("%s among %s", id, diagnostics).hasSize(1);
    return found.get(0);
  }

  /** The source text that a diagnostic points at. */
  static String pointedAt(Diagnostic<? extends JavaFileObject> diagnostic) {
    try {
      String text = diagnostic.getSource().getCharContent(true).toString();
      int end = (int) diagnostic.getEndPosition();
      return text.substring((int) diagnostic.getStartPosition(), end < 0 ? text.length() : end);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A loader for the compiled classes, the stand-ins and what they need. */
  ClassLoader loader(Path... more) {
    List<URL> urls = new ArrayList<>();
    for (Path path : concat(List.of(classes()), Arrays.asList(more), Stubs.classPath())) {
      try {
        urls.add(path.toUri().toURL());
      } catch (MalformedURLException e) {
        throw new IllegalArgumentException(e);
      }
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }

  @SafeVarargs
  private static List<Path> concat(List<Path>... lists) {
    return Stream.of(lists).flatMap(List::stream).toList();
  }

  /** Calls a static method of a compiled class. */
  @Nullable Object call(String type, String method, Path... more) {
    try {
      return Class.forName(type, true, loader(more)).getMethod(method).invoke(null);
    } catch (java.lang.reflect.InvocationTargetException e) {
      throw new AssertionError(e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }
}
