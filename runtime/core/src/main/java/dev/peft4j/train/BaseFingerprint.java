package dev.peft4j.train;

import dev.peft4j.data.Storage;
import dev.peft4j.nn.NamedParameter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;

/**
 * A checksum of base models: of the names and shapes of their parameters and of a sample of their
 * values, so that it is fast for large ones.
 */
final class BaseFingerprint {
  private static final int SAMPLES = 256;

  private BaseFingerprint() {}

  static String of(List<NamedParameter> base) {
    return of(base, false);
  }

  /**
   * Returns the fingerprint of a whole model that is trained: of the values of frozen parameters
   * only.
   */
  static String ofFrozen(List<NamedParameter> all) {
    return of(all, true);
  }

  private static String of(List<NamedParameter> base, boolean frozenOnly) {
    MessageDigest digest = Manifest.sha256();
    ByteBuffer values = ByteBuffer.allocate(SAMPLES * Float.BYTES);
    for (NamedParameter p : base) {
      digest.update((p.name() + p.parameter().shape() + "\n").getBytes(StandardCharsets.UTF_8));
      if (frozenOnly && p.parameter().trainable()) {
        continue;
      }
      Storage own = p.parameter().own();
      long n = own.elements();
      values.clear();
      for (int i = 0; i < Math.min(n, SAMPLES); i++) {
        values.putFloat(own.floatAt(n <= SAMPLES ? i : i * (n - 1) / (SAMPLES - 1)));
      }
      digest.update(values.flip());
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
