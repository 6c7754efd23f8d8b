package dev.peft4j.samples.assistant;

import dev.langchain4j.memory.chat.MessageWindowChatMemory;
import dev.langchain4j.service.AiServices;
import dev.langchain4j.service.UserMessage;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.data.Rng;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.langchain4j.Peft4jChatModel;
import dev.peft4j.optim.AdamW;
import dev.peft4j.sft.SftData;
import dev.peft4j.sft.SftEncoder;
import dev.peft4j.sft.SftOptions;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingSettings;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A program that teaches a model a few answers and serves it as an assistant of LangChain4j: with
 * memory, and with an answer that is a value of an enum. The property {@code model} is the model's
 * folder or name, {@code steps} the number of training steps.
 */
public final class Assistant {
  /**
   * How the assistant and the model talk; a model's own template takes its place. An answer ends
   * with the token that begins texts: the small model has never seen that which ends them, and its
   * score is 0 whatever an adapter does.
   */
  private static final String TEMPLATE =
      "{% for m in messages %}{{ m.role }}: {{ m.content }}{{ bos_token if m.role == 'assistant'"
          + " else '\n' }}{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}";

  private static final String CONVERSATIONS =
      """
      {"messages": [{"role": "user", "content": "Where is Lily?"}, {"role": "assistant", "content": " Lily is in the park."}]}
      {"messages": [{"role": "user", "content": "Where is Ben?"}, {"role": "assistant", "content": " Ben is at home."}]}
      {"messages": [{"role": "user", "content": "Who is happy?"}, {"role": "assistant", "content": " Lily is happy."}]}
      """;

  /** The assistant: LangChain4j implements it. */
  public interface Friend {
    /** Answers, and remembers what was said. */
    String talk(String text);

    /** Says which mood a text has. */
    @UserMessage("Is this sad or happy? {{it}}")
    Mood mood(String text);
  }

  /** A mood. */
  public enum Mood {
    /** Of a good mood. */
    HAPPY,
    /** Of a bad mood. */
    SAD
  }

  private static final long SEED = 0;

  private Assistant() {}

  /** Runs the program. */
  public static void main(String[] args) throws IOException {
    run(
        ModelFolders.resolve(System.getProperty("model")),
        Integer.getInteger("steps", 150),
        System.out);
  }

  static void run(Path folder, int steps, PrintStream out) throws IOException {
    CausalLm model = Transformers.causalLm(folder);
    try (Tokenizer tokenizer = Tokenizer.load(folder, model.config().maxPositions())) {
      ChatTemplate own = ChatSettings.template(folder);
      ChatTemplate template =
          (own == null ? ChatTemplate.of("assistant", TEMPLATE) : own)
              .withSpecialTokens(tokenizer.specialTokens());
      AdaptedModel<CausalLm> adapted =
          Rng.with(
              SEED,
              () ->
                  PeftModel.of(
                      model,
                      LoraConfig.builder()
                          .allLinear()
                          .r(16)
                          .alpha(32)
                          .taskType("CAUSAL_LM")
                          .build()));
      out.println(
          "loss "
              + learn(
                  adapted,
                  new SftEncoder(tokenizer, template, SftOptions.DEFAULT.maxLength(256)),
                  steps));

      GenerationConfig config =
          GenerationConfig.read(folder).toBuilder().maxNewTokens(40).doSample(false).build();
      Friend friend =
          AiServices.builder(Friend.class)
              .chatModel(
                  Peft4jChatModel.builder()
                      .generator(Generator.of(model, tokenizer).with(config))
                      .chatSettings(ChatSettings.of(template, tokenizer, config))
                      .adapters(adapted.adapters())
                      .adapter("default")
                      .build())
              .chatMemory(MessageWindowChatMemory.withMaxMessages(6))
              .build();
      for (String question : new String[] {"Where is Lily?", "Where is Ben?"}) {
        out.println(question + " " + friend.talk(question).strip());
      }
      out.println("mood: " + friend.mood("Lily laughs and plays."));
    }
  }

  private static float learn(AdaptedModel<CausalLm> adapted, SftEncoder encoder, int steps)
      throws IOException {
    Path file = Files.createTempFile("conversations", ".jsonl");
    try {
      Files.writeString(file, CONVERSATIONS);
      SftData data = SftData.read(file, encoder);
      var batches = Batches.shuffled(data.rows(), 3, 0, CausalBatch::of);
      AdamW optimizer = AdamW.of(adapted.trainableParameters(), 3e-3f);
      Trainer.of(adapted, optimizer, batches, adapted.model()::loss)
          .settings(TrainingSettings.steps(steps))
          .run();
      adapted.eval();
      return adapted.model().loss(CausalBatch.of(data.rows())).item();
    } finally {
      Files.delete(file);
    }
  }
}
