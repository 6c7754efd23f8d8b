package dev.peft4j.samples.workflow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.peft4j.tensor.Tensor;
import org.junit.jupiter.api.Test;

/** A generated class, looked at. */
class PrintedTest {
  private final BaseModelPeft model = new BaseModelPeft(3, 2);

  @Test
  void itShowsItsAdapterAsPeftDoes() {
    assertThat(model)
        .hasToString(
            """
            BaseModelPeft(
              (linear): lora.Linear(
                (base_layer): Linear(in_features=3, out_features=2, bias=True)
                (lora_dropout): ModuleDict(
                  (default): Identity()
                )
                (lora_A): ModuleDict(
                  (default): Linear(in_features=3, out_features=1, bias=False)
                )
                (lora_B): ModuleDict(
                  (default): Linear(in_features=1, out_features=2, bias=False)
                )
                (lora_embedding_A): ParameterDict()
                (lora_embedding_B): ParameterDict()
                (lora_magnitude_vector): ModuleDict()
              )
            )""");
    assertThat(model.adapters().toString()).contains("1 adapter of BaseModel", "default  yes");
  }

  @Test
  void itsSummaryCountsAsPeftDoes() {
    assertThat(model.summary(Tensor.ones(4, 3)).toString())
        .isEqualTo(
            """
            layer        kind           output  parameters  trainable
            (the model)  BaseModelPeft  (4, 2)           -          -
            linear       lora.Linear    (4, 2)          13          5

            parameters: 13, trainable: 5 (38.46 %)
            memory: parameters 52 bytes; in training also gradients 20 bytes and AdamW 40 bytes, \
            besides what activations take""");
    assertThat(model.trainableSummary()).startsWith("trainable params: 5 || all params: 13 ||");
  }
}
