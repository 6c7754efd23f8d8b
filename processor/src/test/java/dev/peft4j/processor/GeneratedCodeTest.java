package dev.peft4j.processor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written, letter by letter. */
class GeneratedCodeTest {
  @TempDir Path folder;

  @Test
  void theModelOfTheEssay() throws IOException {
    Compilation compilation =
        Compilation.in(folder)
            .source(
                """
                package essay;

                import dev.peft4j.annotation.Peft;
                import dev.peft4j.nn.Linear;
                import dev.peft4j.nn.Module;

                @Peft(target = "linear", r = 1, alpha = 4)
                public class BaseModel extends Module {
                    final Linear linear;

                    public BaseModel(int dimIn, int dimOut) {
                        linear = new Linear(dimIn, dimOut);
                    }
                }
                """)
            .clean();
    check(compilation.generated("essay/BaseModelPeft.java"), "BaseModelPeft");
  }

  @Test
  void aTransformer() throws IOException {
    Compilation compilation =
        Compilation.in(folder)
            .source(
                """
                package lm;

                import dev.peft4j.annotation.*;
                import dev.peft4j.nn.*;
                import dev.peft4j.nn.Module;
                import java.util.*;

                @Peft(target = {"q_proj", "v_proj", "up"}, exclude = "layers.0.up", r = 4, alpha = 16, dropout = 0.05,
                    bias = Bias.LORA_ONLY, modulesToSave = "lm_head", rankPattern = @RankPattern(key = "up", r = 2))
                @Peft(target = "all-linear", adapter = "style", taskType = "CAUSAL_LM")
                public class Lm extends Module {
                    final Embedding tokens = new Embedding(4, 8);
                    private final List<Block> layers = new ArrayList<>();
                    final Map<String, Linear> experts = new LinkedHashMap<>();
                    @OutputHead final Linear lmHead = new Linear(8, 4);

                    /**
                     * A language model.
                     *
                     * @param depth how many layers
                     */
                    public Lm(int depth) {
                        for (int i = 0; i < depth; i++) {
                            layers.add(new Block());
                        }
                        experts.put("up", new Linear(8, 8));
                    }

                    public List<Block> getLayers() {
                        return layers;
                    }

                    public static Object run() {
                        return new LmPeft(2).adapters().log;
                    }
                }
                """)
            .source(
                """
                package lm;

                import dev.peft4j.nn.*;
                import dev.peft4j.nn.Module;

                class Block extends Module {
                    private final Attention selfAttn = new Attention();
                    final Linear up = new Linear(8, 8);
                    final LayerNorm norm = new LayerNorm(8);

                    Attention selfAttn() {
                        return selfAttn;
                    }
                }
                """)
            .source(
                """
                package lm;

                import dev.peft4j.nn.*;
                import dev.peft4j.nn.Module;

                class Attention extends Module {
                    final Linear qProj = new Linear(8, 8);
                    final Linear kProj = new Linear(8, 8);
                    final Linear vProj = new Linear(8, 8);
                }
                """)
            .clean();
    check(compilation.generated("lm/LmPeft.java"), "LmPeft");
    assertThat(String.valueOf(compilation.call("lm.Lm", "run"))).doesNotContain("late");
  }

  @Test
  void ia3() throws IOException {
    Compilation compilation =
        Compilation.in(folder)
            .source(
                """
                package lm;

                import dev.peft4j.annotation.*;
                import dev.peft4j.nn.*;
                import dev.peft4j.nn.Module;
                import java.util.*;

                @Peft(tuner = "IA3", target = {"k_proj", "fc2"}, feedforward = "fc2", taskType = "SEQ_CLS")
                @Peft(tuner = "IA3", targetRegex = ".*fc[12]", feedforward = "regex:.*fc2", init = Init.RANDOM,
                    adapter = "b")
                public class Net extends Module {
                    static class Block extends Module {
                        final Linear kProj = new Linear(2, 2);
                        final Linear fc1 = new Linear(2, 2);
                        final Linear fc2 = new Linear(2, 2);
                    }

                    final List<Block> blocks = List.of(new Block(), new Block());
                    final Linear classifier = new Linear(2, 2);

                    public static Object run() {
                        return new NetPeft().adapters().log;
                    }
                }
                """)
            .clean();
    check(compilation.generated("lm/NetPeft.java"), "NetPeft");
    assertThat(String.valueOf(compilation.call("lm.Net", "run")))
        .contains("add default IA3 targets=k_proj,fc2 feedforward=fc2 taskType=SEQ_CLS")
        .contains("attach blocks.1.fc2")
        .doesNotContain("late");
  }

  /** With -Dgolden.update=FOLDER what is written becomes what is expected. */
  private static void check(String written, String name) throws IOException {
    String update = System.getProperty("golden.update");
    if (update != null) {
      Files.writeString(Path.of(update, name + ".java.txt"), written);
    }
    try (var in = GeneratedCodeTest.class.getResourceAsStream("/golden/" + name + ".java.txt")) {
      assertThat(in).as(name).isNotNull();
      assertThat(written).isEqualTo(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
  }
}
