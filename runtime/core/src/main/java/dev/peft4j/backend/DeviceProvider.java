package dev.peft4j.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A source of devices of one kind, for example those that TornadoVM drives. Providers are found by
 * {@link java.util.ServiceLoader}. A provider must load even if what it needs is not installed, and
 * say what is missing when it is asked for devices.
 */
public interface DeviceProvider {
  /** Returns the first part of its devices' names, for example {@code tornado}. */
  String name();

  /**
   * Returns the available devices, the preferred one first.
   *
   * @throws IllegalStateException if there can be none, saying what is missing and how to get it
   */
  List<Device> devices();

  /**
   * Returns the flags that the JVM must be started with and was not; none if the devices can be
   * used.
   *
   * @throws IllegalStateException if what the flags are about is not installed
   */
  default List<String> missingJvmFlags() {
    return List.of();
  }

  /**
   * Returns what keeps it from having more devices or faster ones, a sentence each, which says how
   * to get what is missing: a driver that cannot be loaded, a library that was not found. None if
   * nothing is missing.
   */
  default List<String> problems() {
    return List.of();
  }

  /**
   * Writes the flags that a JVM must be started with to use the devices into a file, for {@code
   * java @FILE …}. It may put what the flags refer to beside it.
   *
   * @throws IOException if the file cannot be written
   * @throws IllegalStateException if what the flags are about is not installed
   */
  default void writeJvmFlags(Path file) throws IOException {
    Files.writeString(file, "");
  }
}
