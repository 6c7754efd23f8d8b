package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.Peft4jException;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.MemoryPlan;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Program;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.nn.Parameter;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.DecoderConfig;
import dev.peft4j.transformers.DecoderFamily;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What {@code inspect} tells of a decoder besides its weights. */
final class DecoderFacts {
  private static final int RANK = 8;
  private static final int TOKENS = 512;

  /** Logits of a chunk of the loss, at most; the same again is scratch memory of products. */
  private static final long LOGITS = 64L << 20;

  /** A parameter of an adapter has a value, a gradient and AdamW's two moments. */
  private static final long BYTES_TRAINED = 4 * 4;

  private DecoderFacts() {}

  /**
   * Adds the family, the sizes, and the memory that training takes; of a model of another kind
   * nothing, of one that cannot be loaded why.
   */
  static void add(ObjectNode found, Path folder) {
    try {
      if (Transformers.family(folder) instanceof DecoderFamily) {
        decoder(found, folder);
      }
    } catch (IOException | Peft4jException e) {
      found.put("problem", e.getMessage());
    }
  }

  private static void decoder(ObjectNode found, Path folder) throws IOException {
    DecoderConfig config = Transformers.decoderConfig(folder);
    found.put("family", config.modelType());
    ObjectNode sizes = found.putObject("sizes");
    sizes.put("layers", config.layers()).put("hidden", config.hiddenSize());
    sizes.put("heads", config.heads()).put("key_value_heads", config.kvHeads());
    sizes.put("head_size", config.headDim()).put("feed_forward", config.intermediateSize());
    sizes.put("vocabulary", config.vocabSize()).put("positions", config.maxPositions());
    memory(found.putObject("training_memory"), folder, config);
  }

  /** The memory of a step, from the plan of its program; nothing is computed. */
  private static void memory(ObjectNode into, Path folder, DecoderConfig config)
      throws IOException {
    CausalLm model = Transformers.causalLm(folder);
    long weights = 0;
    for (NamedParameter p : model.namedParameters()) {
      weights += p.parameter().own().bytes();
    }
    AdaptedModel<CausalLm> adapted =
        PeftModel.of(model, LoraConfig.builder().allLinear().r(RANK).alpha(2 * RANK).build());
    long trained = 0;
    for (Parameter p : adapted.trainableParameters()) {
      trained += p.shape().elements();
    }
    model.train();
    int tokens = Math.min(TOKENS, config.maxPositions());
    var loss = model.loss(CausalBatch.of(List.of(TokenRow.of(new int[tokens])), 0, 1));
    loss.backward();
    List<Node> nodes = new ArrayList<>(List.of(loss.node()));
    for (Parameter p : adapted.trainableParameters()) {
      nodes.add(Objects.requireNonNull(p.variable().gradient(), p.name()));
    }
    Program program = Engine.program(Backends.current(), nodes);
    long values = MemoryPlan.of(program, new boolean[program.values()]).bytes();
    long logits = Math.min(LOGITS, 4L * tokens * config.vocabSize());
    into.put("adapter", "LoRA, r " + RANK + ", on all linear layers");
    into.put("tokens", tokens);
    into.put("weights_bytes", weights);
    into.put("adapter_bytes", BYTES_TRAINED * trained);
    into.put("activations_bytes", values + logits);
    into.put("bytes", weights + BYTES_TRAINED * trained + values + logits);
  }
}
