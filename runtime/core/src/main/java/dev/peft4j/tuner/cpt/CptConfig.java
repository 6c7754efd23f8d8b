package dev.peft4j.tuner.cpt;

import dev.peft4j.tuner.CommonSettings;
import dev.peft4j.tuner.SettingChecks;
import dev.peft4j.tuner.prompt.PromptBuilder;
import dev.peft4j.tuner.prompt.PromptConfig;
import dev.peft4j.tuner.prompt.VirtualTokens;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Settings of {@link CptTuner}: peft's {@code CPTConfig}.
 *
 * @param virtual how many virtual tokens there are, and their sizes
 * @param tokenIds the tokens of the examples
 * @param mask peft's {@code cpt_mask}, which it keeps and does not use; ones if left out
 * @param typeMask what each token is: 1 and 3 (+ 4, + 8, ...) parts of a template, 2 an input, 4 a
 *     label that counts in the loss, 0 none; ones if left out
 * @param decay whether labels of earlier examples count less
 * @param decayFactor what their weight is multiplied by, from each example to the one before
 * @param epsilon the bound of the change of tokens of inputs
 * @param formatEpsilon the bound of the change of tokens of templates
 * @param common modules to save, task and base model
 */
public record CptConfig(
    VirtualTokens virtual,
    List<Integer> tokenIds,
    List<Integer> mask,
    List<Integer> typeMask,
    boolean decay,
    double decayFactor,
    double epsilon,
    double formatEpsilon,
    CommonSettings common)
    implements PromptConfig<CptConfig> {
  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException naming the setting that is wrong
   */
  public CptConfig {
    tokenIds = List.copyOf(tokenIds);
    mask = mask.isEmpty() ? Collections.nCopies(tokenIds.size(), 1) : List.copyOf(mask);
    typeMask = typeMask.isEmpty() ? Collections.nCopies(tokenIds.size(), 1) : List.copyOf(typeMask);
    requireLength("mask", mask, tokenIds);
    requireLength("typeMask", typeMask, tokenIds);
    SettingChecks.between("epsilon", epsilon, 0, 1e6);
    SettingChecks.between("formatEpsilon", formatEpsilon, 0, 1e6);
  }

  private static void requireLength(String name, List<Integer> given, List<Integer> tokens) {
    if (given.size() != tokens.size()) {
      throw new IllegalArgumentException(
          name + " has " + given.size() + " entries for " + tokens.size() + " tokens");
    }
  }

  /** Starts with peft's defaults. */
  public static Builder builder() {
    return new Builder();
  }

  @Override
  public String peftType() {
    return CptTuner.PEFT_TYPE;
  }

  @Override
  public CptConfig withVirtual(VirtualTokens other) {
    return new CptConfig(
        other, tokenIds, mask, typeMask, decay, decayFactor, epsilon, formatEpsilon, common);
  }

  @Override
  public CptConfig withCommon(CommonSettings other) {
    return new CptConfig(
        virtual, tokenIds, mask, typeMask, decay, decayFactor, epsilon, formatEpsilon, other);
  }

  /** A builder of a {@link CptConfig}. */
  public static final class Builder extends PromptBuilder<Builder> {
    private List<Integer> tokenIds = List.of(0);
    private List<Integer> mask = List.of();
    private List<Integer> typeMask = List.of();
    private boolean decay = false;
    private double decayFactor = 1;
    private double epsilon = 0.1;
    private double formatEpsilon = 0.1;

    private Builder() {}

    /** Returns the number of tokens of the examples. */
    @Override
    public int virtualTokens() {
      return tokenIds.size();
    }

    /** Sets the tokens of the examples. */
    public Builder tokenIds(int... values) {
      tokenIds = Arrays.stream(values).boxed().toList();
      return this;
    }

    /** Sets peft's {@code cpt_mask}, which it keeps and does not use; ones if left out. */
    public Builder mask(int... values) {
      mask = Arrays.stream(values).boxed().toList();
      return this;
    }

    /**
     * Sets what each token is: 1 and 3 (+ 4, + 8, ...) parts of a template, 2 an input, 4 a label
     * that counts in the loss, 0 none; ones if left out.
     */
    public Builder typeMask(int... values) {
      typeMask = Arrays.stream(values).boxed().toList();
      return this;
    }

    /** Sets whether labels of earlier examples count less. */
    public Builder decay(boolean value) {
      decay = value;
      return this;
    }

    /** Sets what their weight is multiplied by, from each example to the one before. */
    public Builder decayFactor(double value) {
      decayFactor = value;
      return this;
    }

    /** Sets the bound of the change of tokens of inputs. */
    public Builder epsilon(double value) {
      epsilon = value;
      return this;
    }

    /** Sets the bound of the change of tokens of templates. */
    public Builder formatEpsilon(double value) {
      formatEpsilon = value;
      return this;
    }

    @Override
    public CptConfig build() {
      return new CptConfig(
          virtual().withTokens(tokenIds.size()),
          tokenIds,
          mask,
          typeMask,
          decay,
          decayFactor,
          epsilon,
          formatEpsilon,
          common());
    }
  }
}
