package dev.peft4j.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Standard error as the launcher found it. Java prints a notice about the incubator module that
 * vector instructions come with, before a program can say anything about it. So the launcher starts
 * Java with a standard error from which that line is removed, and passes the real one as another
 * file descriptor.
 */
final class StandardError {
  /** {@code DESCRIPTOR:PROCESS}; another process may have inherited the option, not the file. */
  static final String PROPERTY = "peft4j.stderr";

  private static final int STDERR = 2;

  private StandardError() {}

  /** Takes the real standard error, if the launcher passed one. */
  static void take() {
    String given = System.getProperty(PROPERTY);
    if (given != null) {
      take(given, ProcessHandle.current().pid());
    }
  }

  private static void take(String given, long process) {
    String[] parts = given.split(":", 2);
    if (parts.length < 2 || !parts[1].equals(Long.toString(process))) {
      return;
    }
    try {
      Linker linker = Linker.nativeLinker();
      @Nullable MethodHandle dup2 =
          linker
              .defaultLookup()
              .find("dup2")
              .map(
                  address ->
                      linker.downcallHandle(
                          address,
                          FunctionDescriptor.of(
                              ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT)))
              .orElse(null);
      if (dup2 != null) {
        int descriptor = Integer.parseInt(parts[0]);
        int unused = (int) dup2.invokeExact(descriptor, STDERR);
      }
    } catch (Throwable e) {
      // the filtered one shows everything as well, only later
    }
  }
}
