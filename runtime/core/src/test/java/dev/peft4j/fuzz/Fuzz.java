package dev.peft4j.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Gives a parser many files that are nearly right. It has to take each of them or to refuse it with
 * an exception that it documents, without hanging, without much memory, and without leaving its
 * folder.
 */
public final class Fuzz {
  /** Far more than any of the small files needs. */
  private static final long MAX_BYTES = 32L << 20;

  /** What the whole process may grow by; native memory counts here. */
  private static final long MAX_GROWTH = 600L << 20;

  /** Time on a processor that would be a hang: nothing here takes more than some milliseconds. */
  private static final long MAX_NANOS = 5_000_000_000L;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Makes the bytes of a round. */
  @FunctionalInterface
  public interface Make {
    /** The bytes. */
    byte[] bytes(int round) throws IOException;
  }

  /** What is tried. */
  @FunctionalInterface
  public interface Parser {
    /** Reads the file; false if it took it, but for something that it is not. */
    void read() throws Exception;
  }

  private final Path outside;
  private final List<Class<? extends Exception>> documented;
  private int taken;

  /**
   * A test of a parser.
   *
   * @param outside the folder in which everything lies; what is in it must not change
   * @param documented what the parser may throw
   */
  @SafeVarargs
  public Fuzz(Path outside, Class<? extends Exception>... documented) {
    this.outside = outside;
    this.documented = List.of(documented);
  }

  /**
   * Replaces {@code file} again and again and lets it be read.
   *
   * @return how many were taken
   */
  public int run(int rounds, Path file, Make make, Parser parser) throws Exception {
    byte[] before = Files.readAllBytes(file);
    TreeMap<String, Long> listing = listing();
    long resident = resident();
    PrintStream err = silence();
    // One channel for all rounds: cutting a file to nothing and writing it anew is slow on ext4.
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (int round = 0; round < rounds; round++) {
        byte[] bytes = make.bytes(round);
        write(channel, bytes);
        one(round, bytes, () -> naming(file, parser));
      }
      write(channel, before);
    } finally {
      System.setErr(err);
    }
    assertThat(listing()).isEqualTo(listing);
    assertThat(resident() - resident).as("growth of the process").isLessThan(MAX_GROWTH);
    return taken;
  }

  /** As {@link #run}, for a parser that is given the bytes themselves. */
  public int run(int rounds, Make make, BytesParser parser) throws Exception {
    TreeMap<String, Long> listing = listing();
    PrintStream err = silence();
    try {
      for (int round = 0; round < rounds; round++) {
        byte[] bytes = make.bytes(round);
        one(round, bytes, () -> parser.read(bytes));
      }
    } finally {
      System.setErr(err);
    }
    assertThat(listing()).isEqualTo(listing);
    return taken;
  }

  /** What is tried with bytes. */
  @FunctionalInterface
  public interface BytesParser {
    /** Reads them. */
    void read(byte[] bytes) throws Exception;
  }

  /** What is nearly right gives thousands of warnings that nobody reads. */
  private static PrintStream silence() {
    PrintStream err = System.err;
    System.setErr(new PrintStream(OutputStream.nullOutputStream()));
    return err;
  }

  private static void write(FileChannel channel, byte[] bytes) throws IOException {
    channel.truncate(bytes.length);
    channel.write(ByteBuffer.wrap(bytes), 0);
  }

  /**
   * Who reads which file was wrong has to find it: every exception names the file or its folder.
   */
  private static void naming(Path file, Parser parser) throws Exception {
    try {
      parser.read();
    } catch (Exception e) {
      String message = String.valueOf(e.getMessage());
      if (!message.contains(file.getFileName().toString())
          && !message.contains(file.toAbsolutePath().getParent().getFileName().toString())) {
        throw new AssertionError("does not name " + file + ": " + e, e);
      }
      throw e;
    }
  }

  private void one(int round, byte[] bytes, Parser parser) {
    long start = THREADS.getCurrentThreadCpuTime();
    long allocated = THREADS.getCurrentThreadAllocatedBytes();
    try {
      parser.read();
      taken++;
    } catch (Throwable e) {
      if (documented.stream().noneMatch(c -> c.isInstance(e)) || e.getMessage() == null) {
        throw new AssertionError("round " + round + ": " + show(bytes), e);
      }
    }
    long used = THREADS.getCurrentThreadAllocatedBytes() - allocated;
    if (used > MAX_BYTES) {
      throw new AssertionError("round " + round + " took " + used + " bytes: " + show(bytes));
    }
    long nanos = THREADS.getCurrentThreadCpuTime() - start;
    if (nanos > MAX_NANOS) {
      throw new AssertionError("round " + round + " took " + nanos + " ns: " + show(bytes));
    }
  }

  private static String show(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  private TreeMap<String, Long> listing() throws IOException {
    TreeMap<String, Long> found = new TreeMap<>();
    try (Stream<Path> all = Files.walk(outside)) {
      for (Path p : all.toList()) {
        found.put(p.toString(), Files.isDirectory(p) ? -1 : Files.size(p));
      }
    }
    return found;
  }

  /** Memory of the process, 0 where the system does not tell. */
  private static long resident() throws IOException {
    Path statm = Path.of("/proc/self/statm");
    return Files.exists(statm) ? Long.parseLong(Files.readString(statm).split(" ")[1]) * 4096 : 0;
  }
}
