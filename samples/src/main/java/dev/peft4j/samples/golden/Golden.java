package dev.peft4j.samples.golden;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A runner of golden cases: folders in which Hugging Face peft's results for one model and one
 * adapter are stored. The property {@code cases} is their folder.
 */
public final class Golden {
  private int passed;
  private int failed;
  private int skipped;

  private Golden() {}

  /**
   * Prints a line for each case and the totals; the exit status is 1 if a case failed or there is
   * none.
   */
  public static void main(String[] args) {
    String cases = System.getProperty("cases");
    if (cases == null) {
      System.err.println("golden: say where the cases are, with -Dcases=FOLDER");
      System.exit(1);
    }
    System.exit(run(Path.of(cases), System.out, System.err) ? 0 : 1);
  }

  /** Runs every case in {@code folder}, and returns true if there is one and none failed. */
  static boolean run(Path folder, PrintStream out, PrintStream err) {
    List<GoldenEntry> cases;
    try {
      cases = entries(folder);
    } catch (NotDirectoryException e) {
      err.println(
          "golden: " + folder + " is not a folder; -Dcases= names one with golden cases in it");
      return false;
    } catch (IOException e) {
      err.println("golden: cannot list " + folder + ": " + e);
      return false;
    }
    if (cases.isEmpty()) {
      err.println(
          "golden: there is no case in " + folder + "; a case is a folder with a case.json");
      return false;
    }
    Golden golden = new Golden();
    int width = cases.stream().mapToInt(c -> c.name().length()).max().orElse(0);
    for (GoldenEntry c : cases) {
      CaseResult result = c.run().get();
      golden.count(result);
      out.println(c.name() + " ".repeat(width - c.name().length()) + "  " + result);
    }
    out.println(
        golden.passed + " passed, " + golden.failed + " failed, " + golden.skipped + " skipped");
    return golden.failed == 0;
  }

  /** Returns what is run in {@code folder}: a line each. */
  private static List<GoldenEntry> entries(Path folder) throws IOException {
    if (SftCase.looksLikeOne(folder)) {
      return SftCase.entries(folder.toAbsolutePath().normalize());
    }
    List<GoldenEntry> entries = new ArrayList<>();
    for (Path c : find(folder)) {
      entries.add(new GoldenEntry(String.valueOf(c.getFileName()), () -> one(c)));
      entries.addAll(GenerateRunner.entries(c));
    }
    return entries;
  }

  private static CaseResult one(Path c) {
    if (ChatCase.looksLikeOne(c)) {
      return ChatCase.run(c);
    }
    if (TokenizerCase.looksLikeOne(c)) {
      return TokenizerCase.run(c);
    }
    return QuantCase.looksLikeOne(c) ? QuantCase.run(c) : CaseRunner.run(c);
  }

  /** Returns the case folders in {@code folder}, or the folder itself if it is a case. */
  private static List<Path> find(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    if (Files.exists(folder.resolve("case.json"))
        || ChatCase.looksLikeOne(folder)
        || TokenizerCase.looksLikeOne(folder)) {
      return List.of(folder.toAbsolutePath().normalize());
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children.filter(Golden::isCase).sorted().toList();
    }
  }

  private static boolean isCase(Path path) {
    return ChatCase.looksLikeOne(path)
        || TokenizerCase.looksLikeOne(path)
        || (Files.isDirectory(path) && GoldenCase.looksLikeOne(path));
  }

  private void count(CaseResult result) {
    switch (result.status()) {
      case OK -> passed++;
      case FAILED -> failed++;
      case UNSUPPORTED -> skipped++;
    }
  }
}
