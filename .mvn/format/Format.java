import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs google-java-format over the Java sources below a folder: {@code Format check|apply FOLDER}.
 *
 * <p>Plugins run the formatter inside Maven's own JVM, where a parser of Java 17 stumbles over the
 * syntax of Java 25. The build therefore starts it on the JDK of the toolchain, and the formatter's
 * command line takes files, not folders.
 */
final class Format {

  public static void main(String[] args) throws Exception {
    boolean apply = args[0].equals("apply");
    List<String> arguments = new ArrayList<>();
    arguments.addAll(apply ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    arguments.addAll(sources(Path.of(args[1])));

    var out = new PrintWriter(System.out, true);
    var err = new PrintWriter(System.err, true);
    int exit = new Main(out, err, System.in).format(arguments.toArray(String[]::new));
    if (exit != 0 && !apply) {
      err.println("The files above are not formatted. Fix them with: ./mvnw -q -N -Pformat verify");
    }
    out.flush();
    System.exit(exit);
  }

  private static List<String> sources(Path root) throws IOException {
    List<String> sources = new ArrayList<>();
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            // A package may be called target: only the folder beside a pom is the build's.
            boolean output =
                folder.endsWith("target") && Files.exists(folder.resolveSibling("pom.xml"));
            return output || folder.endsWith(".git")
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (file.toString().endsWith(".java")) {
              sources.add(file.normalize().toString());
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return sources;
  }
}
