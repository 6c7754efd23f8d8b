package dev.peft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.ShapeException;
import dev.peft4j.io.FileFormatException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** A user's error is a sentence; a fault of peft4j says where to report it. */
class FailuresTest {
  /** A command that fails as it is told. */
  @Command(name = "fail")
  private record Failing(Callable<Integer> body) implements Callable<Integer> {
    @Override
    public Integer call() throws Exception {
      return body.call();
    }
  }

  private static Run run(Callable<Integer> body, String... options) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Main.commandLine();
    CommandLine failing = new CommandLine(new Failing(body));
    line.addSubcommand(failing);
    Main.prepare(failing);
    line.setExecutionExceptionHandler(Failures::of);
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    String[] args = new String[options.length + 1];
    args[0] = "fail";
    System.arraycopy(options, 0, args, 1, options.length);
    return new Run(Main.execute(line, args), out.toString(), err.toString());
  }

  @Test
  void whatTheUserCanPutRightIsOneSentence() {
    for (String[] options : new String[][] {{}, {"--stacktrace"}}) {
      Run file =
          run(
              () -> {
                throw new FileFormatException(Path.of("x.csv"), "has no column 'text'");
              },
              options);
      assertThat(file.code()).isEqualTo(1);
      assertThat(file.err()).isEqualToIgnoringNewLines("peft4j fail: x.csv: has no column 'text'");
      Run shape =
          run(
              () -> {
                throw new ShapeException("matMul: (2, 3) x (4, 5)");
              },
              options);
      assertThat(shape.code()).isEqualTo(1);
      assertThat(shape.err()).isEqualToIgnoringNewLines("peft4j fail: matMul: (2, 3) x (4, 5)");
      Run usage =
          run(
              () -> {
                throw new UsageException("--batch is 0, must be at least 1");
              },
              options);
      assertThat(usage.code()).isEqualTo(2);
      assertThat(usage.err().lines())
          .containsExactly(
              "peft4j fail: --batch is 0, must be at least 1", "Try 'peft4j fail --help'.");
    }
  }

  @Test
  void whatJavaOrALibraryThrowsIsAFault() {
    Run index =
        run(
            () -> {
              int[] none = new int[0];
              return none[3];
            });
    assertThat(index.code()).isEqualTo(3);
    assertThat(index.err().lines())
        .containsExactly(
            "peft4j fail: a fault of peft4j: java.lang.ArrayIndexOutOfBoundsException: Index 3 out"
                + " of bounds for length 0",
            "Please report it in peft4j's issue tracker, with what the same command prints with"
                + " --stacktrace.");
    for (RuntimeException e :
        new RuntimeException[] {
          new IllegalArgumentException("bound must be positive"),
          new IllegalStateException("no kernel for x"),
          new ShapeException(null)
        }) {
      Run run =
          run(
              () -> {
                throw e;
              });
      assertThat(run.code()).as(e.toString()).isEqualTo(3);
    }
  }

  @Test
  void theTraceOfAFaultIsKeptForStacktrace() {
    Run run =
        run(
            () -> {
              throw new IllegalStateException("odd\u001b[2J", new ArithmeticException("inner"));
            },
            "--stacktrace");
    assertThat(run.code()).isEqualTo(3);
    assertThat(run.err())
        .startsWith("peft4j fail: a fault of peft4j: java.lang.IllegalStateException: odd\\u001b")
        .contains("\tat dev.peft4j.cli.FailuresTest", "Caused by: java.lang.ArithmeticException")
        .contains("peft4j (unpackaged)", "Java 2")
        .doesNotContain("\u001b")
        .endsWith("with all of these lines." + System.lineSeparator());
  }

  @Test
  void errorsOfTheJvmAreToldApartAsWell() {
    Run deep =
        run(
            () -> {
              throw new StackOverflowError();
            });
    assertThat(deep.code()).isEqualTo(3);
    assertThat(deep.err()).startsWith("peft4j fail: a fault of peft4j: java.lang.StackOverflow");
    Run full =
        run(
            () -> {
              throw new OutOfMemoryError("Java heap space");
            });
    assertThat(full.code()).isEqualTo(1);
    assertThat(full.err())
        .isEqualToIgnoringNewLines(
            "peft4j fail: out of memory (Java heap space); a smaller batch needs less");
  }
}
