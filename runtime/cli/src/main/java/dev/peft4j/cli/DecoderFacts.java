package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.Peft4jException;
import dev.peft4j.backend.Backend;
import dev.peft4j.backend.Backends;
import dev.peft4j.backend.Engine;
import dev.peft4j.backend.MemoryPlan;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Node;
import dev.peft4j.graph.Program;
import dev.peft4j.graph.Variable;
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
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What {@code inspect} tells of a decoder besides its weights.
 *
 * @param batch texts of a step
 * @param tokens tokens of a text; 0 for 512, or as many as the model takes if those are fewer
 * @param dtype how the frozen weights are held; null for as in the files
 */
record DecoderFacts(int batch, int tokens, @Nullable Encoding dtype) {
  private static final int RANK = 8;
  private static final int TOKENS = 512;

  /** A parameter of an adapter has a value, a gradient and AdamW's two moments. */
  private static final long BYTES_TRAINED = 4 * 4;

  /** Classes, compiled code, libraries and what else a JVM has besides the heap. */
  private static final long JVM = 256L << 20;

  DecoderFacts {
    if (batch < 1 || tokens < 0 || tokens == 1) {
      throw new UsageException(
          batch < 1
              ? "--batch is " + batch + ", must be at least 1"
              : "--max-length is " + tokens + ", must be at least 2");
    }
  }

  /**
   * Adds the family, the sizes, and the memory that training takes; of a model of another kind
   * nothing, of one that cannot be loaded why.
   */
  void add(ObjectNode found, Path folder) {
    try {
      if (Transformers.family(folder) instanceof DecoderFamily) {
        decoder(found, folder);
      }
    } catch (IOException | Peft4jException e) {
      found.put("problem", e.getMessage());
    }
  }

  private void decoder(ObjectNode found, Path folder) throws IOException {
    DecoderConfig config = Transformers.decoderConfig(folder);
    found.put("family", config.modelType());
    ObjectNode sizes = found.putObject("sizes");
    sizes.put("layers", config.layers()).put("hidden", config.hiddenSize());
    sizes.put("heads", config.heads()).put("key_value_heads", config.kvHeads());
    sizes.put("head_size", config.headDim()).put("feed_forward", config.intermediateSize());
    sizes.put("vocabulary", config.vocabSize()).put("positions", config.maxPositions());
    if (tokens > config.maxPositions()) {
      throw new UsageException(
          "--max-length is "
              + tokens
              + ", the model takes 2 to "
              + config.maxPositions()
              + " tokens (max_position_embeddings)");
    }
    int each = tokens == 0 ? Math.min(TOKENS, config.maxPositions()) : tokens;
    memory(found.putObject("training_memory"), folder, each);
  }

  /** The memory of a step, from its compiled program; nothing is computed. */
  private void memory(ObjectNode into, Path folder, int each) throws IOException {
    CausalLm model =
        dtype == null ? Transformers.causalLm(folder) : Transformers.causalLm(folder, dtype);
    long weights = 0;
    Set<Storage> counted = Collections.newSetFromMap(new IdentityHashMap<>());
    for (NamedParameter p : model.namedParameters()) {
      Storage s = p.parameter().own();
      weights += counted.add(s) ? s.bytes() : 0;
    }
    AdaptedModel<CausalLm> adapted =
        PeftModel.of(model, LoraConfig.builder().allLinear().r(RANK).alpha(2 * RANK).build());
    long trained = 0;
    for (Parameter p : adapted.trainableParameters()) {
      trained += p.shape().elements();
    }
    model.train();
    TokenRow row = TokenRow.of(new int[each]);
    var loss = model.loss(CausalBatch.of(Collections.nCopies(batch, row), 0, 1));
    loss.backward();
    List<Node> nodes = new ArrayList<>(List.of(loss.node()));
    List<@Nullable Variable> targets = new ArrayList<>();
    targets.add(null);
    for (Parameter p : adapted.trainableParameters()) {
      nodes.add(Objects.requireNonNull(p.variable().gradient(), p.name()));
      targets.add(p.variable()); // as a step replaces them, which decides what is kept
    }
    Backend backend = Backends.current();
    Program program = Engine.program(backend, nodes, targets);
    Backend.Executable compiled = backend.compile(program);
    long planned = MemoryPlan.of(program, new boolean[program.values()]).bytes();
    long values = Math.max(planned, compiled.bytes());
    compiled.close();
    long java = Runtime.getRuntime().totalMemory() + JVM;
    into.put("adapter", "LoRA, r " + RANK + ", on all linear layers");
    into.put("batch", batch).put("tokens", each);
    into.put("weights_bytes", weights);
    into.put("adapter_bytes", BYTES_TRAINED * trained);
    into.put("activations_bytes", values);
    into.put("java_bytes", java);
    into.put("bytes", weights + BYTES_TRAINED * trained + values + java);
  }
}
