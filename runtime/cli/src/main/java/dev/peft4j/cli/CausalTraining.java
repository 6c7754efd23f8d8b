package dev.peft4j.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.chat.ChatTemplate;
import dev.peft4j.data.Rng;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.hub.ModelFolders;
import dev.peft4j.io.AtomicFiles;
import dev.peft4j.io.PythonJson;
import dev.peft4j.optim.AdamW;
import dev.peft4j.reports.ProgressListener;
import dev.peft4j.train.Batches;
import dev.peft4j.train.Evaluator;
import dev.peft4j.train.StopReason;
import dev.peft4j.train.Trainer;
import dev.peft4j.train.TrainingEvent;
import dev.peft4j.train.TrainingResult;
import dev.peft4j.transformers.CausalBatch;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.NextTokenLoss;
import dev.peft4j.transformers.TokenMetrics;
import dev.peft4j.transformers.TokenRow;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.ConfigBuilder;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The training of a language model on texts.
 *
 * @param task what is learned: texts or conversations
 * @param model the model's options
 * @param texts where the texts are
 * @param data the texts
 * @param evaluation texts to evaluate on, or null
 * @param options the training options
 * @param batching how the rows come into batches
 * @param run where results go
 * @param out what is printed
 */
record CausalTraining(
    Task task,
    ModelOptions model,
    LanguageModel.Texts texts,
    Path data,
    @Nullable Path evaluation,
    TrainOptions options,
    RowBatches batching,
    RunFolder run,
    Out out) {
  private static final String FORMAT = "peft4j training 1";

  int train(ConfigBuilder<?> tuner) throws IOException {
    try (LanguageModel lm = LanguageModel.load(model, null)) {
      ChatTemplate template = texts.template(lm.tokenizer());
      if (task == Task.CHAT) {
        requireChat(template);
      }
      List<TokenRow> rows = lm.read(data, texts, out);
      Path evalFile = evaluation;
      List<TokenRow> evalRows = evalFile == null ? List.of() : lm.read(evalFile, texts, out);
      CausalLm net = lm.model();
      net.activationCheckpointing(options.checkpointing.value());
      AdaptedModel<CausalLm> adapted =
          Rng.with(
              options.seed,
              () -> CommandException.ofSettings(() -> PeftModel.of(net, adapter(tuner))));
      out.note("%s", adapted.trainableSummary());
      Batches<CausalBatch> batches =
          batching.of(rows, options.batch, options.seed, lm.maxLength(), out);
      DataStart start =
          DataStart.of(
              adapted, model, batches, options.startBatches, b -> NextTokenLoss.PLAIN.of(net, b));
      AdamW optimizer =
          AdamW.builder()
              .lr(options.lr)
              .weightDecay(options.decay)
              .build(adapted.trainableParameters());
      NextTokenLoss loss =
          CommandException.ofSettings(
              () -> new NextTokenLoss(options.smoothing, false, options.neftune));
      TokenMetrics metrics = new TokenMetrics();
      Trainer<CausalBatch> trainer =
          run.attach(
                  Trainer.of(adapted, optimizer, batches, b -> metrics.loss(loss, net, b)),
                  TokenMetrics.NAMES)
              .measuring(metrics::step)
              .settings(options.settings(evalFile != null))
              .remember("task", task.toString())
              .remember("seed", Long.toString(options.seed))
              .remember("loss", loss.toString())
              .remember("max length", Integer.toString(lm.maxLength()));
      if (evalFile != null) {
        trainer.evaluator(
            Evaluator.named(
                java.util.Set.of("loss", "perplexity"),
                () -> lm.evaluate(evalRows, options.batch)));
      }
      double[] tokens = {0};
      trainer.listener(
          event -> {
            if (event instanceof TrainingEvent.Step s) {
              tokens[0] += s.count();
            }
          });
      long began = System.nanoTime();
      TrainingResult result = run.run(trainer);
      double seconds = (System.nanoTime() - began) / 1e9;
      if (result.reason() == StopReason.STOPPED) {
        out.note("stopped after step %d; --resume continues", result.state().step());
        return Main.FAILED;
      }
      Path best = result.bestCheckpoint();
      if (best != null) {
        adapted.load(best);
      }
      save(start, lm, template, batches);
      net.eval();
      Map<String, Double> measured =
          evalFile == null ? Map.of() : lm.evaluate(evalRows, options.batch);
      Map<String, Double> rate = Map.of("tokens_per_second", tokens[0] / seconds);
      new TrainingReport(result, measured, run.adapter(), seconds).print(out, "tokens", rate);
      return 0;
    }
  }

  /** On all linear layers unless the user names some. */
  private PeftConfig adapter(ConfigBuilder<?> tuner) {
    return options
        .targeted(tuner, List.of("all-linear"))
        .taskType("CAUSAL_LM")
        .baseModel(ModelFolders.name(model.folder))
        .build();
  }

  /** Throws if there is no template for conversations, or the data have none. */
  private void requireChat(@Nullable ChatTemplate template) {
    if (template == null) {
      throw new CommandException(
          model.folder
              + " has no chat template (chat_template.jinja, or chat_template in"
              + " tokenizer_config.json), which --task chat needs; give one with --chat-template"
              + " FILE, or one that is built in: "
              + String.join(", ", ChatTemplate.builtInNames()));
    }
    for (Path file : evaluation == null ? List.of(data) : List.of(data, evaluation)) {
      if (!LanguageModel.hasRows(file)) {
        throw new UsageException(
            "--task chat reads rows of JSON (.json or .jsonl, perhaps .gz), found "
                + file
                + "; plain texts are for --task causal-lm");
      }
    }
  }

  private void save(
      DataStart start,
      LanguageModel lm,
      @Nullable ChatTemplate template,
      Batches<CausalBatch> batches)
      throws IOException {
    ObjectNode tree = Out.object().put("format", FORMAT);
    tree.put("task", task.toString()).put("max length", lm.maxLength());
    tree.put("text column", texts.columns().text);
    ObjectNode facts = tree.putObject("data");
    batches.fingerprint().forEach(facts::put);
    ObjectNode settings = tree.putObject("settings");
    options.write(settings);
    settings.put("loss on", texts.rows().loss.name()).put("packing", batching.packing.name());
    settings.put("group by length", batching.byLength);
    Path adapter = run.adapter();
    // so that it talks as it was trained
    ChatSettings chat =
        template == null
            ? null
            : ChatSettings.of(template, lm.tokenizer(), GenerationConfig.read(model.folder));
    AtomicFiles.together(
        adapter,
        () -> {
          start.save(adapter);
          if (chat != null) {
            chat.save(adapter);
          }
          AtomicFiles.write(adapter.resolve(TrainedWith.FILE), PythonJson.format(tree) + "\n");
        });
  }

  /** Returns what is shown while a model is trained. */
  static ProgressListener progress() {
    return new ProgressListener("train").showRate("tokens");
  }
}
