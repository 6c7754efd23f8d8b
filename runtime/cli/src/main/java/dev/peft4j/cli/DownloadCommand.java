package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.hub.HubDownload;
import dev.peft4j.hub.HubFile;
import dev.peft4j.hub.HubName;
import dev.peft4j.hub.HubSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code peft4j download}. */
@Command(
    name = "download",
    mixinStandardHelpOptions = true,
    description = {
      "Downloads a model or an adapter from the Hugging Face Hub into the Hub's cache.",
      "Other commands, and Python's libraries, find it there by its name. What is there already is"
          + " not downloaded again; an interrupted download continues."
    },
    footer = {
      "",
      "The environment, as for Python's huggingface_hub:",
      "  HF_ENDPOINT       the Hub, or a mirror of it; default: https://huggingface.co",
      "  HF_TOKEN          a token for private and gated models; else what 'hf auth",
      "                    login' has written",
      "  HF_HOME           default: ~/.cache/huggingface",
      "  HF_HUB_CACHE      the cache; default: HF_HOME/hub",
      "  HF_HUB_OFFLINE    1: nothing is asked for"
    })
final class DownloadCommand implements Callable<Integer> {
  @Mixin private Out out = new Out();

  @Parameters(
      paramLabel = "OWNER/MODEL",
      showDefaultValue = Help.Visibility.NEVER,
      description = "The name on the Hub, such as google-bert/bert-base-uncased.")
  private String model = "";

  @Option(
      names = "--revision",
      paramLabel = "NAME",
      description = "A branch, a tag or a commit; by default main.")
  private @Nullable String revision;

  @Option(
      names = "--include",
      paramLabel = "PATTERN",
      description =
          "The files to download, such as \"*.json\"; by default settings, tokenizer and"
              + " safetensors. May be given several times.")
  private List<String> include = List.of();

  @Option(
      names = "--exclude",
      paramLabel = "PATTERN",
      description = "Files to leave out. May be given several times.")
  private List<String> exclude = List.of();

  @Option(
      names = "--to",
      paramLabel = "FOLDER",
      description = "Write plain files into this folder instead of the cache.")
  private @Nullable Path folder;

  @Option(
      names = "--overwrite",
      description = "With --to: replace files of the folder that are something else.")
  private boolean overwrite;

  @Option(names = "--dry-run", description = "List the files and their sizes, download nothing.")
  private boolean dryRun;

  @Option(names = "--quiet", description = "No progress.")
  private boolean quiet;

  @Override
  public Integer call() throws IOException {
    HubName name = name();
    HubSettings settings = settings();
    HubDownload download =
        HubDownload.of(name, settings)
            .include(include.toArray(String[]::new))
            .exclude(exclude.toArray(String[]::new))
            .overwrite(overwrite);
    if (folder != null) {
      download.to(folder);
    }
    if (dryRun) {
      list(name, download.list());
      return 0;
    }
    Path found;
    try (DownloadProgress progress = new DownloadProgress(name.toString(), out, quiet)) {
      found = download.listener(progress).run();
      progress.finished();
    }
    if (out.json()) {
      out.line(
          Out.object()
              .put("model", name.id())
              .put("revision", name.revision())
              .put("folder", found.toString()));
    } else {
      out.line("%s", found);
    }
    return 0;
  }

  private HubName name() {
    try {
      HubName name = HubName.parse(model);
      if (revision != null && model.indexOf('@') >= 0) {
        throw new UsageException("the revision is given twice, with @ and with --revision");
      }
      return revision == null ? name : name.at(revision);
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private static HubSettings settings() {
    try {
      return HubAccess.settings();
    } catch (IllegalArgumentException e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private void list(HubName name, List<HubFile> files) {
    long all = files.stream().mapToLong(f -> Math.max(0, f.size())).sum();
    long missing =
        files.stream().filter(f -> !f.present()).mapToLong(f -> Math.max(0, f.size())).sum();
    if (out.json()) {
      ObjectNode tree = Out.object().put("model", name.id()).put("revision", name.revision());
      ArrayNode list = tree.putArray("files");
      for (HubFile f : files) {
        list.addObject().put("path", f.path()).put("bytes", f.size()).put("present", f.present());
      }
      out.line(tree.put("bytes", all).put("to_download", missing));
      return;
    }
    for (HubFile f : files) {
      out.line(
          "%12s  %s%s",
          f.size() < 0 ? "unknown" : size(f.size()), f.path(), f.present() ? " (is here)" : "");
    }
    out.line("%12s  in all, %s to download", size(all), size(missing));
  }

  /** Returns bytes in a readable unit. */
  static String size(long bytes) {
    if (bytes < 10_000) {
      return bytes + " B";
    }
    return bytes < 10_000_000
        ? String.format(Locale.ROOT, "%.1f kB", bytes / 1e3)
        : String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
  }
}
