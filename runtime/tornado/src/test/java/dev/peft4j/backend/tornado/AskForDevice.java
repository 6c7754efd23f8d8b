package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Device;

/** Prints what asking for a device gives: its name, or what is said instead. */
final class AskForDevice {
  private AskForDevice() {}

  public static void main(String[] args) {
    try {
      System.out.println("found " + Device.of(args[0]));
    } catch (IllegalStateException | IllegalArgumentException e) {
      System.out.println(e.getMessage());
    }
  }
}
