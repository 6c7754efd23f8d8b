package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Device;
import dev.peft4j.backend.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j devices}. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    description =
        "Lists what can compute here: the name for --device, type, memory, driver, the maker's"
            + " name, and the library and precisions of products.",
    footer = {
      "",
      "The default is what the environment variable PEFT4J_DEVICE names, else the CPU.",
      "GPUs and other accelerators need TornadoVM; what is missing, and how to get it,",
      "is on standard error."
    })
final class DevicesCommand implements Callable<Integer> {
  /** The driver of all devices but the CPU. */
  static final String ACCELERATORS = "tornado";

  @Mixin private Out out = new Out();

  @Option(
      names = "--jvm-flags",
      paramLabel = "FILE",
      description =
          "Writes the flags for programs of your own that use TornadoVM's devices into a file:"
              + " java @FILE -cp ... MainClass. peft4j itself needs no flags.")
  private @Nullable Path flags;

  @Override
  public Integer call() throws IOException {
    Path file = flags;
    if (file != null) {
      CommandException.ofSettings(
          () -> {
            try {
              Device.writeJvmFlags(ACCELERATORS, file);
              return file;
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      out.note("flags: %s", file);
      return 0;
    }
    List<Device> all = Device.all();
    String reason = "";
    if (all.stream().noneMatch(d -> d.id().startsWith(ACCELERATORS))) {
      try {
        Device.of(ACCELERATORS);
      } catch (IllegalArgumentException | IllegalStateException e) {
        reason = String.valueOf(e.getMessage());
        out.note("no accelerators: %s", reason);
      }
    }
    String standard = standard();
    for (Device d : all) {
      String type = d.type().name().toLowerCase(Locale.ROOT);
      boolean isDefault = d.id().equals(standard);
      if (out.json()) {
        ObjectNode tree = Out.object().put("id", d.id()).put("type", type);
        tree.put("name", d.name()).put("driver", d.driver()).put("memory", d.memory());
        tree.put("free_memory", d.freeMemory()).put("library", d.library());
        ArrayNode precisions = tree.putArray("precisions");
        d.precisions().forEach(p -> precisions.add(p.label()));
        out.line(tree.put("default", isDefault));
      } else {
        out.line(
            "%-12s %-11s %7.1f GiB  %s, %s%s%s",
            d.id(),
            type,
            d.memory() / (double) (1 << 30),
            d.driver(),
            d.name(),
            products(d),
            isDefault ? " (default)" : "");
      }
    }
    for (String p : Device.problems()) {
      if (out.json()) {
        out.line(Out.object().put("missing", p));
      } else if (!reason.contains(p)) {
        out.note("missing: %s", p);
      }
    }
    return 0;
  }

  /** What multiplies on an accelerator, if it is a library of its maker. */
  private static String products(Device d) {
    return d.library() == null || d.id().equals("cpu")
        ? ""
        : ", products by "
            + d.library()
            + ": "
            + String.join(", ", d.precisions().stream().map(Precision::label).toList());
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
