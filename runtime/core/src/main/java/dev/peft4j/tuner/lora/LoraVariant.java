package dev.peft4j.tuner.lora;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A way of LoRA that computes or learns otherwise in its linear layers; one at a time. */
public sealed interface LoraVariant {
  /**
   * KaSA (Wang et al. 2024): the weight loses its r smallest singular values when the adapter is
   * made, and s·B·diag(δ)·A is added, δ starting at N(0, 1). A part of the loss keeps δ small and A
   * and B orthogonal, see {@link dev.peft4j.tuner.PeftModel#addedLoss}.
   *
   * @param beta the weight of ‖δ‖² in the loss; peft's default is 1e-4
   * @param gamma the weight of the distances from orthogonality; peft's default is 1e-3
   */
  record Kasa(double beta, double gamma) implements LoraVariant {
    /** Creates it with peft's defaults. */
    public Kasa() {
      this(1e-4, 1e-3);
    }
  }

  /**
   * BD-LoRA: A or B of a layer is block-diagonal, which needs fewer numbers and splits well.
   *
   * @param ofA parts of names of layers whose A is block-diagonal: (r, in / blocks)
   * @param ofB parts of names of layers whose B is block-diagonal: (out, r / blocks)
   * @param blocks the number of blocks; divides the rank and inputs or outputs
   * @param strict whether each layer has to be one of them
   */
  record BlockDiagonal(List<String> ofA, List<String> ofB, int blocks, boolean strict)
      implements LoraVariant {
    /** Copies the lists. */
    public BlockDiagonal {
      ofA = List.copyOf(ofA);
      ofB = List.copyOf(ofB);
      if (blocks < 1) {
        throw new IllegalArgumentException("blocks is " + blocks + ", must be at least 1");
      }
    }
  }

  /**
   * VeLoRA (Miles et al. 2024): computes as LoRA; the gradient of A is made from what is left of
   * the layer's input when each group of its numbers is projected on one direction.
   *
   * @param groups the number of groups; peft's default is 64
   * @param scale multiplies what is left of the input; peft's default is 1
   * @param direction how the direction is found
   */
  record Velora(int groups, double scale, Direction direction) implements LoraVariant {
    /** Checks the number of groups. */
    public Velora {
      if (groups < 1) {
        throw new IllegalArgumentException("groups is " + groups + ", must be at least 1");
      }
    }

    /** The way in which the direction of a layer's projection is found. */
    public enum Direction {
      /** The mean of all groups of each batch. */
      BATCH_AVERAGE,
      /** The mean of all groups of the first batch. */
      BATCH_AVERAGE_ONCE,
      /** At random, once. */
      RANDOM
    }
  }

  /**
   * Activated LoRA (Greenewald et al. 2025): the adapter acts on a row of tokens only from the last
   * place on where these tokens are, and not at all on a row without them. A call gives its tokens,
   * (rows, tokens): {@code CallInputs.with("input_ids", ids, body)}, see {@link
   * dev.peft4j.tuner.CallInputs}; a layer that gets fewer of them gets the last ones. It cannot be
   * merged.
   *
   * @param tokens ids, at least one
   */
  record Activated(List<Integer> tokens) implements LoraVariant {
    /** Copies the list. */
    public Activated {
      tokens = List.copyOf(tokens);
      if (tokens.isEmpty()) {
        throw new IllegalArgumentException("activated LoRA needs at least one token");
      }
    }
  }

  /**
   * MonteCLoRA (Sengupta et al. 2024): in training A is disturbed by random numbers whose size and
   * shares are learnt; a part of the loss keeps these close to what is assumed of them, see {@link
   * dev.peft4j.tuner.PeftModel#addedLoss}. Otherwise it computes as LoRA.
   *
   * @param samples the number of disturbances that are mixed; peft's default is 8
   * @param scale multiplies the disturbances; peft's default is 1e-4
   * @param bufferSize how many draws peft makes at once; kept for files, nothing depends on it here
   * @param divergenceWeight multiplies the divergences in the loss; peft's default is 1e-5
   * @param dirichletPrior the parameter of the shares' distribution; peft's default is 0.1
   * @param entropy whether the sum of the shares' squares is added to the loss; false by default in
   *     peft
   */
  record MonteClora(
      int samples,
      double scale,
      int bufferSize,
      double divergenceWeight,
      double dirichletPrior,
      boolean entropy)
      implements LoraVariant {
    /** Creates it with peft's defaults. */
    public MonteClora() {
      this(8, 1e-4, 150, 1e-5, 0.1, false);
    }

    /** Checks the numbers. */
    public MonteClora {
      if (samples < 1 || bufferSize < 1 || !(dirichletPrior > 0)) {
        throw new IllegalArgumentException(
            "MonteCLoRA: samples "
                + samples
                + " and buffer size "
                + bufferSize
                + " must be at least 1, the Dirichlet prior "
                + dirichletPrior
                + " positive");
      }
    }
  }

  /**
   * Arrow (Ostapenko et al. 2024): the adapter chooses for each token among others of the model,
   * which must be there when it is attached; see {@link LoraArrow}. It cannot be merged.
   *
   * @param topK how many a token takes at most, at least 1
   * @param temperature divides the similarities; positive
   * @param tasks the names of the adapters to choose from
   * @param general the names of adapters whose mean is taken off the others first; often none
   * @param seed of the start of the search for the adapters' directions, or null
   */
  record Arrow(
      int topK, double temperature, List<String> tasks, List<String> general, @Nullable Long seed)
      implements LoraVariant {
    /** Checks the numbers. */
    public Arrow {
      tasks = List.copyOf(tasks);
      general = List.copyOf(general);
      if (topK < 1 || !(temperature > 0) || topK > tasks.size()) {
        throw new IllegalArgumentException(
            "Arrow: top k is "
                + topK
                + " of "
                + tasks.size()
                + " adapters, must be from 1 to their number; the temperature is "
                + temperature
                + ", must be positive");
      }
    }
  }
}
