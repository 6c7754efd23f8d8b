package dev.peft4j.tuner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.peft4j.annotation.Init;
import dev.peft4j.data.Encodings;
import dev.peft4j.data.NonFiniteException;
import dev.peft4j.data.Rng;
import dev.peft4j.data.Storage;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StateDictException;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.lora.LoraConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A base's weights into an adapted model, and merged weights out of it. */
class BaseWeightsTest {
  @TempDir Path folder;

  static Stream<LoraConfig> configs() {
    LoraConfig.Builder plain = LoraConfig.builder().targets("fc1", "fc2").r(4);
    return Stream.of(
        plain.build(),
        LoraConfig.builder().targets("fc1").modulesToSave("head").r(4).dropout(0.1).build(),
        LoraConfig.builder().targets("fc1", "fc2").r(4).dora(true).build(),
        LoraConfig.builder().targets("fc1", "fc2").r(4).init(Init.PISSA).build(),
        LoraConfig.builder().targets("fc1", "fc2").r(4).init(Init.OLORA).build(),
        LoraConfig.builder().targets("fc1").bias(dev.peft4j.annotation.Bias.ALL).r(4).build());
  }

  private static AdaptedModel<Nets.Mlp> adapted(long base, LoraConfig config) {
    Nets.Mlp net = Nets.mlp(base);
    return Rng.with(42, () -> PeftModel.of(net, config));
  }

  private static Map<String, float[]> values(PeftModel model) {
    Map<String, float[]> all = new LinkedHashMap<>();
    for (NamedParameter p : model.namedParameters()) {
      all.put(p.name(), p.parameter().own().toFloats());
    }
    return all;
  }

  private static float[] result(AdaptedModel<Nets.Mlp> model) {
    return model.call(m -> m.forward(Nets.input(3, 2, 16))).toFloats();
  }

  @ParameterizedTest
  @MethodSource("configs")
  void isAsIfTheBaseHadBeenLoadedBefore(LoraConfig config) {
    Path file = folder.resolve("base.safetensors");
    Nets.mlp(7).save(file);
    AdaptedModel<Nets.Mlp> before = adapted(7, config);
    AdaptedModel<Nets.Mlp> after = adapted(99, config);
    AdamW optimizer = AdamW.of(after.trainableParameters(), 0.01f); // keeps its parameters
    after.load(file);
    Map<String, float[]> expected = values(before);
    values(after).forEach((name, v) -> assertThat(v).as(name).isEqualTo(expected.get(name)));
    assertThat(result(after)).isEqualTo(result(before));
    AdamW other = AdamW.of(before.trainableParameters(), 0.01f);
    before.call(m -> m.forward(Nets.input(3, 2, 16))).square().mean().backward();
    other.step();
    after.call(m -> m.forward(Nets.input(3, 2, 16))).square().mean().backward();
    optimizer.step();
  }

  @Test
  void aTrainedAdapterStaysWhenTheBaseComesLater() {
    for (LoraConfig config : configs().toList()) {
      AdaptedModel<Nets.Mlp> trained = adapted(7, config);
      AdamW optimizer = AdamW.of(trained.trainableParameters(), 0.05f);
      trained.call(m -> m.forward(Nets.input(3, 2, 16))).square().mean().backward();
      optimizer.step();
      trained.adapters().eval();
      Path adapter = folder.resolve("adapter" + config.hashCode());
      trained.save(adapter);
      trained.saveBase(folder.resolve("base"));
      AdaptedModel<Nets.Mlp> again = adapted(99, config);
      again.adapters().eval();
      again.load(adapter);
      again.loadBase(folder.resolve("base"));
      assertThat(result(again)).containsExactly(result(trained), within(1e-5f));
    }
  }

  @Test
  void mergedWeightsGoIntoThePlainModel() throws IOException {
    AdaptedModel<Nets.Mlp> model =
        adapted(7, LoraConfig.builder().targets("fc1", "fc2").r(4).init(Init.RANDOM).build());
    model.eval();
    float[] expected = result(model);
    Map<String, float[]> before = values(model);
    model.saveMerged(folder.resolve("merged"));
    assertThat(values(model)).allSatisfy((n, v) -> assertThat(v).isEqualTo(before.get(n)));
    Nets.Mlp plain = Nets.mlp(1);
    plain.load(folder.resolve("merged"));
    assertThat(plain.forward(Nets.input(3, 2, 16)).toFloats())
        .containsExactly(expected, within(1e-5f));
    assertThat(SafeTensors.open(folder.resolve("merged/model.safetensors")).names())
        .contains("fc1.weight", "head.bias")
        .noneMatch(n -> n.contains("lora"));
    model.mergeAndUnload();
    model.save(folder.resolve("unloaded")); // the merged model, no empty folder
    assertThat(
            SafeTensors.open(folder.resolve("unloaded/model.safetensors"))
                .storage("fc1.weight")
                .equalBytes(
                    SafeTensors.open(folder.resolve("merged/model.safetensors"))
                        .storage("fc1.weight")))
        .isTrue();
    model.load(folder.resolve("merged"));
  }

  @Test
  void namesWhatDoesNotFitALineEach() {
    AdaptedModel<Nets.Mlp> model =
        adapted(7, LoraConfig.builder().targets("fc1", "fc2").r(4).build());
    Map<String, float[]> before = values(model);
    Map<String, Storage> wrong = new LinkedHashMap<>();
    for (int i = 0; i < 30; i++) {
      wrong.put("layers." + i + ".weight", Storage.of(1f));
    }
    wrong.put("fc1.bias", Storage.of(new float[3]));
    assertThatThrownBy(() -> model.load(wrong))
        .isInstanceOf(StateDictException.class)
        .hasMessageContaining("\n  30 unexpected:\n    layers.0.weight\n    layers.1.weight\n")
        .hasMessageContaining("\n    layers.9.weight\n    and 20 more")
        .hasMessageContaining("\n    fc1.bias: expected (32,), found (3,)")
        .hasMessageContaining("\n    fc1.weight");
    assertThat(values(model)).allSatisfy((n, v) -> assertThat(v).isEqualTo(before.get(n)));
  }

  @Test
  void saysWhatAPathIsAndWhatWasMeant() throws IOException {
    AdaptedModel<Nets.Mlp> model = adapted(7, LoraConfig.builder().targets("fc1").r(4).build());
    Path adapter = folder.resolve("adapter");
    model.save(adapter);
    assertThatThrownBy(() -> Nets.mlp(1).load(adapter))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining("is the folder of an adapter")
        .hasMessageContaining("PeftModel.load(model, folder)");
    assertThatThrownBy(() -> model.save(folder.resolve("x.safetensors")))
        .hasMessageContaining("saveMerged(path)");
    assertThatThrownBy(() -> model.saveMerged(adapter)).hasMessageContaining("has an adapter");
    assertThatThrownBy(() -> Nets.mlp(1).load(folder.resolve("none.safetensors")))
        .hasMessageContaining("none.safetensors: does not exist");
    assertThatThrownBy(() -> PeftModel.load(new TwoLinears(), adapter))
        .hasMessageContaining("not found in the base model. Modules: [a, b]")
        .hasMessageContaining("the model has no place for any of its keys");
    Path weights = adapter.resolve("adapter_model.safetensors");
    for (Runnable load :
        java.util.List.<Runnable>of(() -> Nets.mlp(1).load(weights), () -> model.load(weights))) {
      assertThatThrownBy(load::run).hasMessageContaining("An adapter is loaded from its folder");
    }
    model.saveBase(folder.resolve("base"));
    assertThatThrownBy(() -> PeftModel.load(Nets.mlp(1), folder.resolve("base")))
        .hasMessageContaining("it has the weights of a whole model");
    assertThatThrownBy(
            () ->
                PeftModel.of(
                    new TwoLinears(),
                    LoraConfig.builder().targets("a").modulesToSave("zzz").build()))
        .hasMessage("modulesToSave 'zzz' not found in the base model. Modules: [a, b]");
    model.merge();
    assertThatThrownBy(() -> model.save(adapter)).hasMessageContaining("saveMerged(path)");
    model.saveBase(folder.resolve("base.safetensors"));
    assertThatThrownBy(() -> model.loadBase(folder.resolve("base.safetensors")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("unmerge()");
    AdaptedModel<Nets.Mlp> none = adapted(7, LoraConfig.builder().targets("fc1").r(4).build());
    none.adapters().delete("default");
    assertThatThrownBy(() -> none.save(folder.resolve("empty")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("there is no adapter");
    assertThat(Files.exists(folder.resolve("empty"))).isFalse();
  }

  @Test
  void aWholeStateDictUnderPeftsNamesIsTakenToo() {
    LoraConfig config = LoraConfig.builder().targets("fc1").r(4).init(Init.RANDOM).build();
    AdaptedModel<Nets.Mlp> one = adapted(7, config);
    AdaptedModel<Nets.Mlp> other = Rng.with(5, () -> PeftModel.of(Nets.mlp(99), config));
    Map<String, Storage> all = new LinkedHashMap<>();
    one.namedParameters().forEach(p -> all.put(p.name(), p.parameter().own()));
    other.load(all);
    assertThat(result(other)).isEqualTo(result(one));
    all.remove("base_model.model.fc1.lora_A.default.weight");
    assertThatThrownBy(() -> other.load(all))
        .hasMessageContaining("1 missing:\n    base_model.model.fc1.lora_A.default.weight");
  }

  @Test
  void whatIsNotFiniteIsNotSaved() {
    Nets.Mlp net = Nets.mlp(1);
    float[] w = net.fc1.weight().toFloats();
    w[5] = Float.NaN;
    net.fc1.weight().set(w);
    assertThatThrownBy(() -> net.save(folder.resolve("bad.safetensors")))
        .isInstanceOf(NonFiniteException.class)
        .hasMessageContaining("'fc1.weight' has NaN at element 5");
    assertThat(Files.exists(folder.resolve("bad.safetensors"))).isFalse();
  }

  @Test
  void whatDoesNotFitIntoSixteenBitsIsNotLoaded() {
    Nets.Mlp large = Nets.mlp(1);
    float[] bias = large.fc1.bias().own().toFloats();
    bias[1] = 65519; // rounds to the largest number
    large.fc1.bias().set(bias);
    large.save(folder.resolve("fits.safetensors"));
    bias[1] = -1e5f;
    large.fc1.bias().set(bias);
    large.save(folder.resolve("large.safetensors"));
    Nets.Mlp half = Nets.mlp(2);
    half.to(Encodings.FLOAT16);
    half.load(folder.resolve("fits.safetensors"));
    assertThat(half.fc1.bias().own().toFloats()[1]).isEqualTo(65504);
    float[] before = half.fc2.weight().own().toFloats();
    assertThatThrownBy(() -> half.load(folder.resolve("large.safetensors")))
        .hasMessageContaining("large.safetensors has tensors of another type:")
        .hasMessageContaining("fc1.bias: values of more than 65504, the largest of FLOAT16");
    assertThat(half.fc2.weight().own().toFloats()).isEqualTo(before);
    half.to(Encodings.BFLOAT16).load(folder.resolve("large.safetensors"));
  }

  @Test
  void aFileIsNoFolderToSaveTo() throws IOException {
    Path file = Files.writeString(folder.resolve("notes"), "mine");
    assertThatThrownBy(() -> Nets.mlp(1).save(file))
        .hasMessageContaining("notes: is a file, expected a folder");
    assertThat(file).hasContent("mine");
  }

  @Test
  void tiedWeightsAreWrittenOnceAndReadUnderEitherName() throws IOException {
    var embed = Rng.with(1, () -> new dev.peft4j.nn.Embedding(5, 3));
    var tied = new Tied(embed);
    tied.save(folder.resolve("tied.safetensors"));
    var file = SafeTensors.open(folder.resolve("tied.safetensors"));
    assertThat(file.names()).containsExactly("embed.weight");
    Map<String, StoredTensor> other = Map.of("head.weight", file.tensor("embed.weight"));
    SafeTensors.write(folder.resolve("other.safetensors"), other);
    var again = new Tied(new dev.peft4j.nn.Embedding(5, 3));
    again.load(folder.resolve("other.safetensors"));
    assertThat(again.embed.weight().toFloats()).isEqualTo(embed.weight().toFloats());
    SafeTensors.write(
        folder.resolve("both.safetensors"),
        Map.of(
            "head.weight",
            file.tensor("embed.weight"),
            "embed.weight",
            StoredTensor.of(new float[15], 5, 3)));
    assertThatThrownBy(() -> again.load(folder.resolve("both.safetensors")))
        .hasMessageContaining("tied weights");
  }

  static final class TwoLinears extends dev.peft4j.nn.Module {
    final dev.peft4j.nn.Linear a = new dev.peft4j.nn.Linear(2, 2);
    final dev.peft4j.nn.Linear b = new dev.peft4j.nn.Linear(2, 2);
  }

  static final class Tied extends dev.peft4j.nn.Module {
    final dev.peft4j.nn.Embedding embed;
    final Head head;

    Tied(dev.peft4j.nn.Embedding embed) {
      this.embed = embed;
      this.head = new Head(embed.weight());
    }
  }

  static final class Head extends dev.peft4j.nn.Module {
    final dev.peft4j.nn.Parameter weight;

    Head(dev.peft4j.nn.Parameter weight) {
      this.weight = weight;
    }
  }

  @Test
  void severalAdaptersAndASharedBase() {
    AdaptedModel<Nets.Mlp> model = adapted(1, LoraConfig.builder().targets("fc1").r(4).build());
    model.adapters().addMatching("fr", LoraConfig.builder().targets("fc2").r(2).build());
    AdaptedModel<Nets.Mlp> second =
        PeftModel.of(
            model.model(), LoraConfig.builder().targets("head").modulesToSave("norm").build());
    Nets.mlp(7).save(folder.resolve("base.safetensors"));
    model.load(folder.resolve("base.safetensors"));
    Tensor x = Nets.input(3, 2, 16);
    float[] expected = Nets.mlp(7).forward(x).toFloats();
    assertThat(model.call(m -> m.forward(x)).toFloats()).isEqualTo(expected);
    assertThat(second.call(m -> m.forward(x)).toFloats()).isEqualTo(expected);
  }
}
