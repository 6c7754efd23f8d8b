package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tuner.lora.LoraConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is done for each layer must not depend on how many there are. */
class ManyLayersTest {
  private static final int LAYERS = 3_000;

  static final class Block extends Module {
    final Linear q = new Linear(1, 1);
  }

  static final class Net extends Module {
    final List<Block> layers = IntStream.range(0, LAYERS).mapToObj(i -> new Block()).toList();
  }

  @Test
  @Timeout(60) // seconds; it was minutes when patterns were compiled anew for each layer
  void asManyTargetsAndPatternsAsLayers(@TempDir Path folder) {
    LoraConfig.Builder settings = LoraConfig.builder().r(1).alpha(1);
    for (int i = 0; i < LAYERS; i++) {
      settings.targets("layers." + i + ".q").rankPattern("^layers\\." + i + "\\.q", 2);
    }
    PeftModel.of(new Net(), settings.build()).save(folder);
    AdaptedModel<Net> model = PeftModel.load(new Net(), folder);
    assertThat(model.adapters().namedParameters()).hasSize(4 * LAYERS);
    assertThat(((LoraConfig) model.adapters().config("default")).rankOf("layers.7.q")).isEqualTo(2);
  }
}
