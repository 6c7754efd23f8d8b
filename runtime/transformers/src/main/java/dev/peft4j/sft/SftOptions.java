package dev.peft4j.sft;

import org.jspecify.annotations.Nullable;

/**
 * The options by which rows become examples.
 *
 * @param lossOn which tokens the loss counts
 * @param textField the key of plain texts
 * @param maxLength the most tokens of an example, or null for no limit
 * @param keepEnd whether truncation removes the beginning instead of the end; it cuts off the
 *     system's message and begins in the middle of a turn, so it is only for comparisons
 * @param skipBadRows whether rows that cannot become examples are counted instead of an error
 */
public record SftOptions(
    LossOn lossOn,
    String textField,
    @Nullable Integer maxLength,
    boolean keepEnd,
    boolean skipBadRows) {
  /** TRL's and our default of {@link #maxLength}. */
  public static final int MAX_LENGTH = 1024;

  /** The defaults: at most 1024 tokens, and answers only, where there are answers. */
  public static final SftOptions DEFAULT =
      new SftOptions(LossOn.DEFAULT, "text", MAX_LENGTH, false, false);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if the length is below 1 or the field has no name
   */
  public SftOptions {
    if (maxLength != null && maxLength < 1) {
      throw new IllegalArgumentException(
          "SftOptions: maxLength is " + maxLength + ", must be at least 1, or null for no limit");
    }
    if (textField.isBlank()) {
      throw new IllegalArgumentException(
          "SftOptions: textField is blank, needed a key of the rows");
    }
  }

  /** Returns these options with another choice of counted tokens. */
  public SftOptions lossOn(LossOn value) {
    return new SftOptions(value, textField, maxLength, keepEnd, skipBadRows);
  }

  /** Returns these options with another key of plain texts. */
  public SftOptions textField(String value) {
    return new SftOptions(lossOn, value, maxLength, keepEnd, skipBadRows);
  }

  /** Returns these options with another limit of tokens; null for none. */
  public SftOptions maxLength(@Nullable Integer value) {
    return new SftOptions(lossOn, textField, value, keepEnd, skipBadRows);
  }

  /** Returns these options with another side of truncation. */
  public SftOptions keepEnd(boolean value) {
    return new SftOptions(lossOn, textField, maxLength, value, skipBadRows);
  }

  /** Returns these options with bad rows skipped and counted, or an error. */
  public SftOptions skipBadRows(boolean value) {
    return new SftOptions(lossOn, textField, maxLength, keepEnd, value);
  }
}
