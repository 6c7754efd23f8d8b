package dev.peft4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.fuzz.Attack;
import dev.peft4j.fuzz.Fuzz;
import dev.peft4j.fuzz.Mutation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** No changed byte of a checkpoint goes unseen. */
class CheckpointFuzzTest {
  @TempDir Path folder;

  @Test
  void everyChangeOfTheStateIsSeen() throws Exception {
    TinyRun run = new TinyRun(7);
    run.trainer(TrainingSettings.steps(2)).checkpoints(folder).run();
    Checkpoint checkpoint = Checkpoint.list(folder).getFirst();
    Path file = checkpoint.folder().resolve("training_state.json");
    String good = Files.readString(file);
    Mutation mutation = new Mutation(1);
    String[] now = {""};
    new Fuzz(folder, IOException.class)
        .run(
            Attack.rounds(20_000),
            file,
            round -> mutation.text(good.getBytes(java.nio.charset.StandardCharsets.UTF_8)),
            () -> {
              // bytes that are no UTF-8 are the reader's to refuse
              now[0] =
                  new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.UTF_8);
              checkpoint.verify();
              // taken: then it says what it said before, whatever was done to spaces
              assertThat(now[0].replaceAll("\\s", "")).isEqualTo(good.replaceAll("\\s", ""));
            });
    checkpoint.verify();
  }
}
