package dev.peft4j.backend;

import java.util.List;

/**
 * Finds devices of one kind, for example those that TornadoVM drives. Providers are found by {@link
 * java.util.ServiceLoader}; a provider must load even where what it needs is not installed, and say
 * what is missing when it is asked.
 */
public interface DeviceProvider {
  /** The first part of its devices' names, for example {@code tornado}. */
  String name();

  /**
   * The devices there are, the preferred one first.
   *
   * @throws IllegalStateException if there can be none, saying what is missing and how to get it
   */
  List<Device> devices();

  /**
   * Flags that the JVM has to be started with and was not; none if the devices can be used.
   *
   * @throws IllegalStateException if what the flags are about is not installed
   */
  default List<String> missingJvmFlags() {
    return List.of();
  }
}
