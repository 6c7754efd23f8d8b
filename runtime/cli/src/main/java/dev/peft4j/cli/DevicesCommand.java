package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code peft4j devices}. */
@Command(
    name = "devices",
    mixinStandardHelpOptions = true,
    description = "Lists what can compute here, the default first.")
final class DevicesCommand implements Callable<Integer> {
  @Mixin private Out out = new Out();

  @Override
  public Integer call() {
    List<Backend> all = Backends.all();
    String chosen = Backends.current().name();
    for (Backend b : all) {
      if (out.json()) {
        ObjectNode tree = Out.object().put("backend", b.name());
        out.line(tree.put("default", b.name().equals(chosen)));
      } else {
        out.line("%s%s", b.name(), b.name().equals(chosen) ? " (default)" : "");
      }
    }
    return 0;
  }
}
