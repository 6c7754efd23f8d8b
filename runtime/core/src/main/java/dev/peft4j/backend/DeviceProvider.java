package dev.peft4j.backend;

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
}
