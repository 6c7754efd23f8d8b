package dev.peft4j.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.data.Shape;
import dev.peft4j.data.Storage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writes files that Python reads, and the other way round. Skipped unless the environment variable
 * PEFT4J_PYTHON names a Python with safetensors (and peft, for the last test).
 */
class PythonInteropTest {
  @TempDir Path folder;

  private String python(String modules, String script) throws IOException, InterruptedException {
    String python = System.getenv("PEFT4J_PYTHON");
    Assumptions.assumeTrue(python != null, "PEFT4J_PYTHON does not name a Python");
    Assumptions.assumeTrue(
        run(python, "import " + modules).startsWith("0 "), "this Python lacks " + modules);
    return run(python, script);
  }

  private String run(String python, String script) throws IOException, InterruptedException {
    Path log = folder.resolve("log");
    Process p =
        new ProcessBuilder(python, "-W", "ignore", "-c", script)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertThat(p.waitFor(300, TimeUnit.SECONDS)).isTrue();
    String out = p.exitValue() + " " + Files.readString(log, StandardCharsets.UTF_8).strip();
    Files.delete(log);
    return out;
  }

  @Test
  void pythonWritesTheSameBytes() throws Exception {
    Random random = new Random(5);
    for (int f = 0; f < 40; f++) {
      SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
      for (int i = random.nextInt(6); i >= 0; i--) {
        int[] dims = random.ints(random.nextInt(4), 0, 4).toArray();
        Shape shape = Shape.of(dims);
        int n = shape.size();
        Storage s =
            switch (random.nextInt(3)) {
              case 0 -> Storage.of(random.ints(n).toArray());
              case 1 -> Storage.of(random.longs(n).toArray());
              default -> Storage.of(new float[n]);
            };
        int c = random.nextInt(0x11000);
        String name =
            "n" + i + Character.toString(c >= 0xd800 && c < 0xe000 ? 'x' : c * 7 % 0xd800);
        tensors.put(name, new StoredTensor(shape, s));
      }
      SafeTensors.write(folder.resolve(f + ".safetensors"), tensors);
    }
    String script =
        """
        import glob
        from safetensors.torch import load_file, save_file
        files = glob.glob("*.safetensors")
        for f in files:
            save_file(load_file(f), "again", metadata={"format": "pt"})
            assert open(f, "rb").read() == open("again", "rb").read(), f
        print(len(files), "same")
        """;
    assertThat(python("torch, safetensors", script)).isEqualTo("0 40 same");
  }

  @Test
  void peftLoadsWhatIsSavedHereAndSavesTheSame() throws Exception {
    SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
    tensors.put(
        "base_model.model.linear.lora_A.weight", StoredTensor.of(new float[] {1, -2}, 1, 2));
    tensors.put(
        "base_model.model.linear.lora_B.weight", StoredTensor.of(new float[] {1, 2, 3, 4}, 4, 1));
    var tree = Defaults.lora().put("r", 1).put("lora_alpha", 4).put("use_rslora", true);
    tree.putArray("target_modules").add("linear");
    tree.putObject("rank_pattern").put("other", 3);
    tree.putObject("auto_mapping")
        .put("base_model_class", "BaseModel")
        .put("parent_library", "__main__");
    AdapterConfig config = AdapterConfig.of(tree);
    AdapterFolder.write(folder.resolve("a"), "default", config, tensors, ModelCard.of(config));
    String script =
        """
        import torch
        from peft import PeftModel
        class BaseModel(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.linear = torch.nn.Linear(2, 4)
            def forward(self, x):
                return self.linear(x)
        m = BaseModel()
        m.linear.weight.data.zero_()
        m.linear.bias.data.zero_()
        p = PeftModel.from_pretrained(m, "a")
        print(p(torch.tensor([[3.0, 1.0]])).tolist())
        p.save_pretrained("b")
        for f in ["adapter_config.json", "adapter_model.safetensors", "README.md"]:
            print(f, open("a/" + f, "rb").read() == open("b/" + f, "rb").read())
        """;
    assertThat(python("torch, peft", script).lines())
        .containsExactly(
            "0 [[4.0, 8.0, 12.0, 16.0]]",
            "adapter_config.json True",
            "adapter_model.safetensors True",
            "README.md True");
    assertThat(Map.copyOf(AdapterFolder.read(folder.resolve("b")).tensors())).hasSize(2);
  }
}
