package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.FourBitBlocks;
import dev.peft4j.data.Storage;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.PeftFormat;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.ModuleTensor;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Quantize;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.MergeReport;
import dev.peft4j.tuner.PeftConfig;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Tuner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** LoRA on a base that bitsandbytes quantized: the decoded weights, then peft's three steps. */
final class QuantLora {
  /** On a trained model peft's own gradients differ by 3e-5 from those in double precision. */
  private static final double OF_PEFT = 1e-4;

  private static final double TOLERANCE = 1e-5;
  private static final double LOSSES_TOLERANCE = 5e-3;
  private static final float LEAST_GRADIENT = 1e-6f;

  /** A code may fall on the other side where a sum is rounded otherwise. */
  private static final double OTHER_CODES = 0.01;

  private final QuantCase c;
  private final SafeTensors io;
  private final Difference logits = Difference.scaled("logits", TOLERANCE);
  private final Difference loss = new Difference("loss", TOLERANCE);
  private final Difference losses = new Difference("losses", LOSSES_TOLERANCE);
  private final Difference step = Difference.mostly("step 3", 2e-4, 0.05);
  private final Difference merged = Difference.mostly("merged", 1e-4, OTHER_CODES);

  private QuantLora(QuantCase c) throws IOException {
    this.c = c;
    this.io = SafeTensors.open(c.file("io.safetensors"));
  }

  static void run(QuantCase c) throws IOException {
    new QuantLora(c).run();
  }

  private void run() throws IOException {
    if (!java.nio.file.Files.exists(source())) {
      c.fail("the model is not there: " + source());
      return;
    }
    c.add(logits);
    c.add(loss);
    c.add(losses);
    c.add(step);
    decoded();
    CausalLm plain = model();
    logits.add("logits", plain.forward(tensor("input_ids")), tensor("logits"));
    TreeSet<String> tags = new TreeSet<>();
    for (String name : io.names()) {
      if (name.startsWith("lora.")) {
        tags.add(name.substring(5, name.indexOf('.', 5)));
      }
    }
    for (String tag : tags) {
      adapter(tag);
    }
    if (io.names().stream().anyMatch(n -> n.startsWith("merged."))) {
      c.add(merged);
      merge();
    }
  }

  private boolean isStories() {
    return c.json().has("base");
  }

  private Path source() {
    return isStories()
        ? c.folder().resolveSibling(c.json().path("base").asText()).normalize()
        : c.file("model");
  }

  /** What bitsandbytes saved, or the source quantized here where nothing was saved. */
  private CausalLm model() throws IOException {
    return isStories()
        ? Transformers.causalLm(source(), quantize())
        : Transformers.causalLm(c.file("model-bnb"));
  }

  private Quantize quantize() {
    String type = isStories() ? "nf4" : c.json().path("quantization").path("type").asText();
    boolean twice =
        isStories()
            || c.json().path("quantization").path("double").asBoolean()
            || c.json().path("name").asText().contains("double");
    Quantize q = Quantize.named(type);
    return twice ? q.doubleQuantization() : q;
  }

  private void decoded() throws IOException {
    Map<String, ModuleTensor> saved = model().stateDict();
    Map<String, ModuleTensor> here = Transformers.causalLm(source(), quantize()).stateDict();
    // torch's sum of maxima may differ in the last bit on other processors
    Difference own = new Difference("quantized here", 2e-2);
    c.add(own);
    for (String name : io.names()) {
      if (name.startsWith("decoded.")) {
        String weight = name.substring("decoded.".length()) + ".weight";
        Storage found = java.util.Objects.requireNonNull(saved.get(weight)).own();
        if (!found.encoding().hasBlocks()) {
          c.fail(weight + " is held as " + found.encoding());
        }
        float[] expected = io.storage(name).toFloats();
        if (found.encoding().name().startsWith("INT8")) {
          // training decodes by another formula than int8_vectorwise_dequant: one ulp
          Difference ulp = Difference.scaled("decoded", 2e-7);
          ulp.add(weight, flat(found.toFloats()), flat(expected));
          c.add(ulp);
        } else {
          c.sameBits(weight, found.toFloats(), expected, true);
        }
        ModuleTensor quantized = java.util.Objects.requireNonNull(here.get(weight));
        c.same(weight + " encoding", quantized.own().encoding(), found.encoding());
        own.add(weight, flat(quantized.own().toFloats()), flat(found.toFloats()));
      }
    }
    for (Map.Entry<String, JsonNode> e : c.json().path("sha256").properties()) {
      Storage held = java.util.Objects.requireNonNull(here.get(e.getKey() + ".weight")).own();
      byte[] codes = ((FourBitBlocks) held.encoding()).codes(held);
      c.same(e.getKey() + " codes", sha256(codes), e.getValue().path("codes").asText());
    }
    for (JsonNode kept : c.json().path("kept")) {
      ModuleTensor t = saved.get(kept.asText());
      if (t != null && t.own().encoding().hasBlocks()) {
        c.fail(kept.asText() + " is held as " + t.own().encoding());
      }
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return java.util.HexFormat.of()
          .formatHex(java.security.MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (java.security.NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Tensor flat(float[] x) {
    return Tensor.of(x, x.length);
  }

  private PeftConfig config(String tag) throws IOException {
    AdapterConfig file =
        AdapterConfig.read(c.file("adapter-" + tag).resolve(PeftFormat.CONFIG_FILE));
    return Tuner.of(file.peftType(Tuner.all().stream().map(Tuner::peftType).toList())).read(file);
  }

  private void adapter(String tag) throws IOException {
    String prefix = "lora." + tag + ".";
    CausalLm model = model();
    AdaptedModel<CausalLm> adapted = PeftModel.of(model, config(tag));
    adapted.load(c.file("adapter-" + tag));
    model.eval();
    Tensor ids = tensor("input_ids");
    Tensor labels = io.contains("labels") ? tensor("labels") : ids;
    logits.add(prefix + "logits", model.forward(ids), tensor(prefix + "logits"));
    JsonNode o = c.json().path("optimizer");
    AdamW optimizer =
        AdamW.builder()
            .lr((float) o.path("lr").asDouble())
            .weightDecay(o.path("weight_decay").asDouble())
            .build(adapted.trainableParameters());
    List<NamedParameter> trained =
        adapted.namedParameters().stream().filter(p -> p.parameter().trainable()).toList();
    List<Tensor> all = new java.util.ArrayList<>();
    for (NamedParameter p : trained) {
      all.add(tensor(prefix + "grad." + p.name()));
    }
    Difference gradients = Difference.relative("gradients", isStories() ? OF_PEFT : TOLERANCE, all);
    c.add(gradients);
    model.train();
    for (int i = 0; i < o.path("steps").asInt(); i++) {
      Tensor l = DecoderRunner.loss(model.forward(ids), labels);
      l.backward();
      losses.add("losses", l.reshape(1), tensor(prefix + "losses").slice(0, i, i + 1));
      if (i == 0) {
        loss.add(prefix + "loss", l.reshape(1), tensor(prefix + "loss").reshape(1));
        for (int k = 0; k < all.size(); k++) {
          Tensor g = trained.get(k).parameter().grad();
          if (g == null) {
            c.fail("no gradient reached " + trained.get(k).name());
          } else {
            gradients.add(trained.get(k).name(), g, all.get(k));
          }
        }
      }
      optimizer.step();
    }
    for (int k = 0; k < all.size(); k++) {
      NamedParameter p = trained.get(k);
      Tensor now = Tensor.of(p.parameter().own(), p.parameter().shape());
      step.add(
          prefix + p.name(), now, tensor(prefix + "step3." + p.name()), all.get(k), LEAST_GRADIENT);
    }
  }

  /** Merging into codes is refused, and done when it is asked for. */
  private void merge() throws IOException {
    CausalLm model = model();
    AdaptedModel<CausalLm> adapted = PeftModel.of(model, config("attn"));
    adapted.load(c.file("adapter-attn"));
    Map<String, ModuleTensor> state = model.stateDict();
    Encoding encoding =
        java.util.Objects.requireNonNull(state.get("model.layers.0.self_attn.q_proj.weight"))
            .own()
            .encoding();
    try {
      adapted.mergeAndUnload();
      c.fail("an adapter was merged into " + encoding + " without being asked");
    } catch (IllegalStateException e) {
      c.same(
          "the encoding is named", String.valueOf(e.getMessage()).contains(encoding.name()), true);
    }
    MergeReport report = adapted.mergeAndUnload(encoding);
    if (!(report.share() > 0.5 && report.share() < 1.5)) {
      c.fail(report.toString());
    }
    for (String name : io.names()) {
      if (name.startsWith("merged.") && name.endsWith(".decoded")) {
        String weight =
            name.substring("merged.".length(), name.length() - "decoded".length()) + "weight";
        ModuleTensor t = java.util.Objects.requireNonNull(model.stateDict().get(weight));
        merged.add(weight, flat(t.own().toFloats()), flat(io.storage(name).toFloats()));
      }
    }
  }

  private Tensor tensor(String name) throws IOException {
    return Tensor.of(io.storage(name), io.info(name).shape());
  }
}
