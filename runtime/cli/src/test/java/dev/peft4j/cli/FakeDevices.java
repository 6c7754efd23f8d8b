package dev.peft4j.cli;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Device;
import dev.peft4j.backend.DeviceProvider;
import dev.peft4j.backend.Precision;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Three devices that are none: what they compute, the reference backend does. */
public final class FakeDevices implements DeviceProvider {
  private static final AtomicInteger OPENED = new AtomicInteger();

  private static volatile @Nullable Precision precision;

  private final List<Device> devices =
      List.of(
          device("fake:0", "A card", Device.Type.GPU, 1L << 30),
          device("fake:1", "A slow one", Device.Type.ACCELERATOR, 5L << 29),
          new Device(
              "fake:2",
              "A fast one",
              Device.Type.GPU,
              "Test driver",
              8L << 30,
              new Device.Abilities(
                  Set.of(Precision.FLOAT32, Precision.TF32), "cuFAKE 1 (/lib/x)", () -> 5L),
              p -> {
                precision = p;
                return open();
              }));

  /** For {@link java.util.ServiceLoader}. */
  public FakeDevices() {}

  private static Device device(String id, String name, Device.Type type, long memory) {
    return new Device(id, name, type, "Test driver", memory, FakeDevices::open);
  }

  private static Backend open() {
    OPENED.incrementAndGet();
    return Backends.named("reference");
  }

  /** How often a device was used for the first time. */
  static int opened() {
    return OPENED.get();
  }

  /** The precision that a device was opened with, or null. */
  static @Nullable Precision precision() {
    return precision;
  }

  @Override
  public List<String> problems() {
    return List.of("the third card is not plugged in: plug it in");
  }

  @Override
  public String name() {
    return "fake";
  }

  @Override
  public List<Device> devices() {
    return devices;
  }
}
