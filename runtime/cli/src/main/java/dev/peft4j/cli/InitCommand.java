package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code peft4j init}. */
@Command(
    name = "init",
    mixinStandardHelpOptions = true,
    description =
        "Writes a project of your own, to be changed: a model, a program that trains a base and an"
            + " adapter and continues where it was stopped, a server, and a test.")
final class InitCommand implements Callable<Integer> {
  @Mixin private Out out = new Out();

  @Parameters(
      index = "0",
      paramLabel = "FOLDER",
      description = "Where it is written: a folder that is not there yet, or is empty.")
  private Path folder = Path.of("");

  @Option(
      names = {"-l", "--language"},
      paramLabel = "LANGUAGE",
      description = "java or kotlin.")
  private ProjectTemplate.Language language = ProjectTemplate.Language.JAVA;

  @Option(
      names = {"-b", "--build"},
      paramLabel = "TOOL",
      description = "maven or gradle.")
  private ProjectTemplate.Build build = ProjectTemplate.Build.MAVEN;

  @Option(
      names = "--group",
      paramLabel = "GROUP",
      showDefaultValue = Help.Visibility.NEVER,
      description = "The group of the project's artifact (com.example).")
  private @Nullable String group;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      showDefaultValue = Help.Visibility.NEVER,
      description = "The name of the project (that of the folder).")
  private @Nullable String name;

  @Option(
      names = "--package",
      paramLabel = "PACKAGE",
      showDefaultValue = Help.Visibility.NEVER,
      description = "The package of its classes (group and name).")
  private @Nullable String pkg;

  @Override
  public Integer call() throws IOException {
    requireEmpty();
    Path full = folder.toAbsolutePath().normalize();
    ProjectNames names = ProjectNames.of(String.valueOf(full.getFileName()), group, name, pkg);
    ProjectTemplate template = new ProjectTemplate(language, build);
    List<String> files = template.write(folder, names);
    if (out.json()) {
      json(names, template, files);
    } else {
      words(names, template, files);
    }
    return 0;
  }

  private void requireEmpty() throws IOException {
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw new UsageException(folder + " is a file; give the folder of a new project");
    }
    if (Files.isDirectory(folder)) {
      try (Stream<Path> inside = Files.list(folder)) {
        if (inside.findAny().isPresent()) {
          throw new UsageException(
              folder + " is not empty, and nothing is overwritten; give a new folder");
        }
      }
    }
  }

  private void words(ProjectNames names, ProjectTemplate template, List<String> files)
      throws IOException {
    out.line(
        "%s (%s, %s), package %s:",
        folder, template.language().title, template.build().title, names.pkg());
    files.forEach(f -> out.line("  %s", f));
    out.line("Next:");
    out.line("  cd %s", quoted(folder.toString()));
    List<ProjectTemplate.Step> next = template.next(names);
    int width = next.stream().mapToInt(step -> step.command().length()).max().orElse(0);
    for (ProjectTemplate.Step step : next) {
      out.line("  %-" + width + "s   # %s", step.command(), step.purpose());
    }
    String version = ProjectTemplate.version();
    if (version.endsWith("-SNAPSHOT")) {
      out.note(
          "peft4j %s comes from the local Maven repository: ./mvnw -q -Pinstall in peft4j's own"
              + " folder puts it there.",
          version);
    }
  }

  private static String quoted(String path) {
    return path.matches("[\\w./~+@%:-]+") ? path : "'" + path.replace("'", "'\\''") + "'";
  }

  private void json(ProjectNames names, ProjectTemplate template, List<String> files) {
    ObjectNode result = Out.object().put("folder", folder.toString());
    result.put("group", names.group()).put("name", names.name()).put("package", names.pkg());
    ArrayNode written = result.putArray("files");
    files.forEach(written::add);
    ArrayNode next = result.putArray("next");
    template.next(names).forEach(step -> next.add(step.command()));
    out.line(result);
  }
}
