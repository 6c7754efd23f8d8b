package dev.peft4j.samples.gloss;

import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of a module's own weights: equal if and only if no bit has changed. */
final class Checksum {
  private Checksum() {}

  static String of(Module module) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (NamedParameter p : module.namedParameters()) {
        Parameter own = p.parameter();
        digest.update(p.name().getBytes(StandardCharsets.UTF_8));
        digest.update(own.own().segment().asByteBuffer());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
