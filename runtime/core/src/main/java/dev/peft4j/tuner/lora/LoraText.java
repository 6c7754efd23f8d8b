package dev.peft4j.tuner.lora;

import dev.peft4j.nn.Conv1d;
import dev.peft4j.nn.Conv2d;
import dev.peft4j.nn.Conv3d;
import dev.peft4j.nn.Embedding;
import dev.peft4j.nn.ModuleText;
import dev.peft4j.nn.Parameter;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.op.Window;
import dev.peft4j.tuner.TunerLayer;
import dev.peft4j.tuner.TunerLayer.Part;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** LoRA's parts of a layer as peft prints them. */
final class LoraText {
  private LoraText() {}

  /** The parts, with those that are empty for this kind of layer. */
  static List<Part> parts(
      LoraKind kind, double dropout, Parameter a, Parameter b, boolean bias, boolean dora) {
    boolean embedding = kind.layer() instanceof Embedding;
    String drop =
        dropout == 0
            ? "Identity()"
            : "Dropout(p=" + ModuleText.number((float) dropout) + ", inplace=False)";
    return List.of(
        new Part("lora_dropout", "ModuleDict", drop),
        new Part("lora_A", "ModuleDict", embedding ? null : a(kind, a)),
        new Part("lora_B", "ModuleDict", embedding ? null : b(kind, b, bias)),
        new Part("lora_embedding_A", "ParameterDict", embedding ? TunerLayer.text(a) : null),
        new Part("lora_embedding_B", "ParameterDict", embedding ? TunerLayer.text(b) : null),
        new Part("lora_magnitude_vector", "ModuleDict", dora ? dora(kind) : null));
  }

  private static String a(LoraKind kind, Parameter a) {
    return switch (kind.layer()) {
      case Conv1d c -> conv("Conv1d", a, new int[] {c.stride()}, new int[] {c.padding()}, false);
      case Conv2d c -> {
        Window w = c.window();
        int[] padding = {w.padH(), w.padW()};
        yield conv("Conv2d", a, new int[] {w.strideH(), w.strideW()}, padding, false);
      }
      case Conv3d c -> {
        int[] padding = {c.padding(), c.padding(), c.padding()};
        yield conv("Conv3d", a, new int[] {c.stride(), c.stride(), c.stride()}, padding, false);
      }
      default -> linear(a, false);
    };
  }

  private static String b(LoraKind kind, Parameter b, boolean bias) {
    return switch (kind.layer()) {
      case Conv1d c -> conv("Conv1d", b, new int[] {1}, new int[1], bias);
      case Conv2d c -> conv("Conv2d", b, new int[] {1, 1}, new int[2], bias);
      case Conv3d c -> conv("Conv3d", b, new int[] {1, 1, 1}, new int[3], bias);
      default -> linear(b, bias);
    };
  }

  private static String linear(Parameter weight, boolean bias) {
    return "Linear(" + ModuleText.linear(weight.dim(1), weight.dim(0), bias) + ")";
  }

  private static String conv(
      String type, Parameter weight, int[] stride, int[] padding, boolean bias) {
    int[] kernel = new int[stride.length];
    for (int i = 0; i < kernel.length; i++) {
      kernel[i] = weight.dim(2 + i);
    }
    String settings =
        ModuleText.convolution(
            weight.dim(1), weight.dim(0), kernel, stride, padding, new int[1], bias);
    return type + "(" + settings + ")";
  }

  private static @Nullable String dora(LoraKind kind) {
    String layer =
        kind.layer() instanceof TransposedLinear
            ? "Linear"
            : kind.layer().getClass().getSimpleName();
    return "lora.dora.Dora" + layer + "Layer()";
  }
}
