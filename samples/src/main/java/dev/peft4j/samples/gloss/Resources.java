package dev.peft4j.samples.gloss;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;

/** Files in the jars on the class path. */
final class Resources {
  private Resources() {}

  /**
   * Opens a file.
   *
   * @param jar its Maven artifact, for the message
   */
  static InputStream open(String path, String jar) throws IOException {
    InputStream in = Resources.class.getClassLoader().getResourceAsStream(path);
    if (in == null) {
      throw new IOException(path + " is not on the class path; it is in the Maven artifact " + jar);
    }
    return new BufferedInputStream(in, 1 << 16);
  }
}
