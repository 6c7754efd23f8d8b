package dev.peft4j.io;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Recognition of files that are often found in place of a safetensors file. */
final class Sniff {
  private Sniff() {}

  /**
   * Returns half a sentence on what a file that starts with {@code start} seems to be; may be
   * empty.
   */
  static String hint(ByteBuffer start) {
    String s = StandardCharsets.ISO_8859_1.decode(start.duplicate().rewind()).toString();
    if (s.startsWith("version https://git-lfs")) {
      return " (it is a Git LFS pointer: fetch the file itself with 'git lfs pull')";
    }
    if (s.startsWith("PK") || s.startsWith("\u0080\u0002")) {
      return " (it looks like a file of torch.save: convert it with safetensors.torch.save_file)";
    }
    if (s.startsWith("GGUF")) {
      return " (it is a GGUF file)";
    }
    if (s.startsWith("{") || s.startsWith("<")) {
      return " (it looks like text)";
    }
    return "";
  }
}
