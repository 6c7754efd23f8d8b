package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Device;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code peft4j devices}. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    description =
        "Lists what can compute here: the name for --device, type, memory, driver, and the maker's"
            + " name.",
    footer = {
      "",
      "The default is what the environment variable PEFT4J_DEVICE names, else the CPU.",
      "GPUs and other accelerators need TornadoVM; if it is missing, standard error",
      "says so."
    })
final class DevicesCommand implements Callable<Integer> {
  /** The driver of all devices but the CPU. */
  static final String ACCELERATORS = "tornado";

  @Mixin private Out out = new Out();

  @Override
  public Integer call() {
    List<Device> all = Device.all();
    if (all.stream().noneMatch(d -> d.id().startsWith(ACCELERATORS))) {
      try {
        Device.of(ACCELERATORS);
      } catch (IllegalArgumentException | IllegalStateException e) {
        out.note("no accelerators: %s", e.getMessage());
      }
    }
    String standard = standard();
    for (Device d : all) {
      String type = d.type().name().toLowerCase(Locale.ROOT);
      boolean isDefault = d.id().equals(standard);
      if (out.json()) {
        ObjectNode tree = Out.object().put("id", d.id()).put("type", type);
        tree.put("name", d.name()).put("driver", d.driver()).put("memory", d.memory());
        out.line(tree.put("default", isDefault));
      } else {
        out.line(
            "%-12s %-11s %7.1f GiB  %s, %s%s",
            d.id(),
            type,
            d.memory() / (double) (1 << 30),
            d.driver(),
            d.name(),
            isDefault ? " (default)" : "");
      }
    }
    return 0;
  }

  /** Returns the default device's name; null if the chosen one is not available, with a message. */
  private @Nullable String standard() {
    try {
      return Backends.current().name();
    } catch (IllegalArgumentException | IllegalStateException e) {
      out.note("the default device cannot be used: %s", e.getMessage());
      return null;
    }
  }
}
