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
 * @param splitTexts whether plain texts that are too long become several examples instead of being
 *     cut; conversations and prompts are always whole
 * @param plainContent whether special tokens that are typed in the content of messages stay text
 *     instead of becoming those tokens
 * @param mostDropped the part of the rows, from 0 to 1, that may be dropped because none of their
 *     tokens counts: it is an error if as many or more are; 1 allows all but the last
 */
public record SftOptions(
    LossOn lossOn,
    String textField,
    @Nullable Integer maxLength,
    boolean keepEnd,
    boolean skipBadRows,
    boolean splitTexts,
    boolean plainContent,
    double mostDropped) {
  /** TRL's and our default of {@link #maxLength}. */
  public static final int MAX_LENGTH = 1024;

  /** The default of {@link #mostDropped}: that many are hardly meant to be dropped. */
  public static final double MOST_DROPPED = 0.1;

  /** The defaults: at most 1024 tokens, and answers only, where there are answers. */
  public static final SftOptions DEFAULT =
      new SftOptions(LossOn.DEFAULT, "text", MAX_LENGTH, false, false, false, false, MOST_DROPPED);

  /**
   * Checks the values.
   *
   * @throws IllegalArgumentException if the length is below 1, the field has no name, or the part
   *     is not from 0 to 1
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
    if (!(mostDropped >= 0 && mostDropped <= 1)) {
      throw new IllegalArgumentException(
          "SftOptions: mostDropped is " + mostDropped + ", must be from 0 to 1");
    }
  }

  /** Returns these options with another choice of counted tokens. */
  public SftOptions lossOn(LossOn value) {
    return new SftOptions(
        value, textField, maxLength, keepEnd, skipBadRows, splitTexts, plainContent, mostDropped);
  }

  /** Returns these options with another key of plain texts. */
  public SftOptions textField(String value) {
    return new SftOptions(
        lossOn, value, maxLength, keepEnd, skipBadRows, splitTexts, plainContent, mostDropped);
  }

  /** Returns these options with another limit of tokens; null for none. */
  public SftOptions maxLength(@Nullable Integer value) {
    return new SftOptions(
        lossOn, textField, value, keepEnd, skipBadRows, splitTexts, plainContent, mostDropped);
  }

  /** Returns these options with another side of truncation. */
  public SftOptions keepEnd(boolean value) {
    return new SftOptions(
        lossOn, textField, maxLength, value, skipBadRows, splitTexts, plainContent, mostDropped);
  }

  /** Returns these options with bad rows skipped and counted, or an error. */
  public SftOptions skipBadRows(boolean value) {
    return new SftOptions(
        lossOn, textField, maxLength, keepEnd, value, splitTexts, plainContent, mostDropped);
  }

  /** Returns these options with plain texts split where they are too long, or cut. */
  public SftOptions splitTexts(boolean value) {
    return new SftOptions(
        lossOn, textField, maxLength, keepEnd, skipBadRows, value, plainContent, mostDropped);
  }

  /** Returns these options with special tokens in content kept as text, or not. */
  public SftOptions plainContent(boolean value) {
    return new SftOptions(
        lossOn, textField, maxLength, keepEnd, skipBadRows, splitTexts, value, mostDropped);
  }

  /** Returns these options with another part of the rows that may be dropped. */
  public SftOptions mostDropped(double value) {
    return new SftOptions(
        lossOn, textField, maxLength, keepEnd, skipBadRows, splitTexts, plainContent, value);
  }
}
