package dev.peft4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.gguf.GgufFile;
import dev.peft4j.io.PythonJson;
import dev.peft4j.sft.SftData;
import dev.peft4j.sft.SftOptions;
import dev.peft4j.sft.SftWarning;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code peft4j preview}. */
@Command(
    name = "preview",
    mixinStandardHelpOptions = true,
    description =
        "Shows training data as a language model will see it: an example with the tokens that are"
            + " learned, the lengths, and what is cut or dropped.")
final class PreviewCommand implements Callable<Integer> {
  private static final String GGUF_EMBEDDING = "token_embd.weight";
  private static final int BARS = 10;
  private static final int WIDTH = 40;

  @Mixin private Out out = new Out();
  @Mixin private SftDataOptions data = new SftDataOptions();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FOLDER",
      required = true,
      showDefaultValue = Help.Visibility.NEVER,
      converter = HubAccess.Folder.class,
      description = "The model's folder, or the name of one that 'peft4j download' has fetched.")
  private Path folder = Path.of("");

  @Option(
      names = {"-d", "--data"},
      paramLabel = "FILE",
      required = true,
      description = "Rows of JSON: texts, prompts with completions, or conversations.")
  private Path file = Path.of("");

  @Option(names = "--max-length", paramLabel = "TOKENS", description = "Tokens kept of a row.")
  private int maxLength = 1024;

  @Option(names = "--row", paramLabel = "N", description = "The row to be shown, from 1.")
  private int row = 1;

  @Override
  public Integer call() throws IOException {
    if (maxLength < 1) {
      throw new UsageException("--max-length is " + maxLength + ", must be at least 1");
    }
    HubAccess.requireModel(folder);
    try (Tokenizer tokenizer = Tokenizer.load(folder, Integer.MAX_VALUE)) {
      data.allowDropped = true; // whoever looks wants to see them
      ChatTemplate template = data.template(folder, null, tokenizer);
      SftData read = SftData.read(file, data.encoder(template, tokenizer, maxLength));
      int index = read.kept().indexOf(row - 1);
      if (row < 1 || index < 0 && row > seen(read)) {
        throw new UsageException("--row is " + row + ", the file has " + seen(read) + " rows");
      }
      int embedding = embedding();
      if (out.json()) {
        json(read, index, embedding, tokenizer);
      } else {
        show(read, index, embedding, tokenizer);
      }
      return 0;
    }
  }

  /** The rows of the model's embedding; -1 if its settings do not say. */
  private int embedding() throws IOException {
    if (GgufFile.looksLikeOne(folder)) {
      GgufFile file = GgufFile.open(folder);
      return file.contains(GGUF_EMBEDDING) ? file.shape(GGUF_EMBEDDING).dim(0) : -1;
    }
    Path config = folder.resolve("config.json");
    if (!Files.exists(config)) {
      return -1;
    }
    JsonNode size = PythonJson.read(config).path("vocab_size");
    return size.canConvertToInt() ? size.intValue() : -1;
  }

  private static int seen(SftData read) {
    return read.rows().size() + read.dropped() + read.skipped();
  }

  private void json(SftData read, int index, int embedding, Tokenizer tokenizer) {
    ObjectNode all = Out.object();
    all.put("file", file.toString()).put("rows", seen(read)).put("examples", read.rows().size());
    all.put("dropped", read.dropped()).put("skipped", read.skipped());
    all.put("lost_end", read.lostEnd()).put("max_length", maxLength);
    all.put("tokens", read.tokens()).put("counted", read.counted());
    all.put("largest_id", read.largestId());
    if (embedding >= 0) {
      all.put("vocab_size", embedding);
    }
    ArrayNode lengths = all.putArray("lengths");
    read.rows().forEach(r -> lengths.add(r.length()));
    ArrayNode warnings = all.putArray("warnings");
    for (SftWarning w : read.warnings()) {
      warnings.addObject().put("kind", w.kind().name()).put("message", w.message());
    }
    if (index >= 0) {
      TokenRow tokens = read.rows().get(index);
      ArrayNode parts = all.putArray("example");
      for (Part p : parts(tokens, tokenizer)) {
        parts.addObject().put("text", p.text).put("counted", p.counted);
      }
    }
    out.line(all);
  }

  private void show(SftData read, int index, int embedding, Tokenizer tokenizer) {
    out.line(
        "%s: %,d rows, %,d examples, %,d tokens, of which %,d are learned",
        file, seen(read), read.rows().size(), read.tokens(), read.counted());
    if (read.dropped() + read.skipped() > 0) {
      out.line(
          "rows dropped, without a token to learn: %,d; skipped: %,d",
          read.dropped(), read.skipped());
      if (read.dropped() > 0 && read.dropped() >= SftOptions.MOST_DROPPED * seen(read)) {
        out.warn("a tenth of the rows or more are dropped: 'train' wants --allow-dropped for that");
      }
    }
    histogram(read.rows());
    long full = read.rows().stream().filter(r -> r.length() == maxLength).count();
    if (full > 0) {
      out.line(
          "%,d examples have the most tokens, %,d; %,d lost their end",
          full, maxLength, read.lostEnd());
    }
    if (embedding < 0) {
      out.line("largest token id %,d", read.largestId());
    } else {
      out.line("largest token id %,d, the embedding has %,d rows", read.largestId(), embedding);
      if (read.largestId() >= embedding) {
        out.warn(
            "token id "
                + read.largestId()
                + " is beyond the embedding's "
                + embedding
                + " rows: the tokenizer is not this model's");
      }
    }
    if (index < 0) {
      out.line("row %d is dropped", row);
      return;
    }
    boolean colours = Ansi.AUTO.enabled();
    out.line("row %d, learned is what is %s:", row, colours ? "green" : "between « and »");
    StringBuilder text = new StringBuilder();
    for (Part p : parts(read.rows().get(index), tokenizer)) {
      String safe = Out.printable(p.text);
      if (!p.counted) {
        text.append(safe);
      } else if (colours) {
        text.append("\033[32m").append(safe).append("\033[0m");
      } else {
        text.append('«').append(safe).append('»');
      }
    }
    out.writer().println(text);
  }

  private void histogram(List<TokenRow> rows) {
    int longest = rows.stream().mapToInt(TokenRow::length).max().orElse(1);
    int width = Math.max(1, (longest + BARS - 1) / BARS);
    int[] counts = new int[(longest + width - 1) / width];
    rows.forEach(r -> counts[Math.max(0, r.length() - 1) / width]++);
    int most = Arrays.stream(counts).max().orElse(1);
    for (int i = 0; i < counts.length; i++) {
      int bar = (int) Math.ceil((double) WIDTH * counts[i] / most);
      out.line(
          "%,6d to %,6d tokens  %s %,d",
          i * width + 1, (i + 1) * width, "#".repeat(bar), counts[i]);
    }
  }

  /** A part of an example that is learned, or not. */
  private record Part(String text, boolean counted) {}

  private static List<Part> parts(TokenRow row, Tokenizer tokenizer) {
    Map<Integer, String> special = new HashMap<>();
    tokenizer.addedTokens().forEach((token, id) -> special.put(id, token));
    List<Part> parts = new ArrayList<>();
    int[] ids = row.ids();
    for (int i = 0; i < ids.length; ) {
      boolean counted = counts(row, i);
      StringBuilder text = new StringBuilder();
      while (i < ids.length && counts(row, i) == counted) {
        String one = special.get(ids[i]);
        if (one != null) {
          text.append(one);
          i++;
          continue;
        }
        int from = i;
        while (i < ids.length && counts(row, i) == counted && !special.containsKey(ids[i])) {
          i++;
        }
        long[] plain = Arrays.stream(ids, from, i).asLongStream().toArray();
        text.append(tokenizer.decode(plain));
      }
      parts.add(new Part(text.toString(), counted));
    }
    return parts;
  }

  private static boolean counts(TokenRow row, int i) {
    return i > 0 && row.labels()[i] != TokenRow.IGNORED;
  }
}
