package dev.peft4j.samples.golden;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.io.Adapter;
import dev.peft4j.io.AdapterConfig;
import dev.peft4j.io.AdapterFolder;
import dev.peft4j.io.ModelCard;
import dev.peft4j.io.SafeTensors;
import dev.peft4j.io.StoredTensor;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.NamedBuffer;
import dev.peft4j.nn.NamedModule;
import dev.peft4j.random.TorchGenerator;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.AdaptedModel;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Tuner;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** Cases whose file is not enough: peft drew or derived something when it made the adapter. */
final class Regenerated {
  /** How far what follows from a basis may differ. */
  private static final float ROUNDING = 1e-5f;

  private Regenerated() {}

  /**
   * Returns torch's global generator as it was once a model of linear layers was made from a seed:
   * each weight and bias is one draw a number.
   */
  static TorchGenerator after(Module model, long seed) {
    TorchGenerator torch = new TorchGenerator(seed);
    for (NamedModule m : model.namedModules()) {
      if (m.module() instanceof Linear) {
        m.module().ownParameters().values().forEach(p -> torch.skip(p.shape().elements()));
      }
    }
    return torch;
  }

  /**
   * Checks the bases that FRoD makes, and writes an adapter that holds those of peft.
   *
   * <p>A basis is V = Rᵀ·E, where W = Q·R and E are the eigenvectors of the mean of (QᵀQ + α·I)⁻¹.
   * If one layer has a kind for itself, and no fewer outputs than inputs, QᵀQ is the identity, and
   * what is decomposed is a multiple of it: each orthogonal E is right, and peft's is what rounding
   * made of it. So V may be turned: V·Vᵀ has to be WᵀW, as it has for peft's own; with peft's V
   * everything else has to be peft's. The places of S come from torch's generator and must agree.
   *
   * @param folder where the adapter is written
   * @return what is wrong
   */
  static List<String> frod(Module model, Path adapter, SafeTensors io, Path folder)
      throws IOException {
    Adapter file = AdapterFolder.read(adapter);
    ObjectNode tree = file.config().tree();
    tree.put("save_projection", true);
    AdapterConfig config = AdapterConfig.of(tree);
    AdaptedModel<Module> adapted = PeftModel.of(model, Tuner.of("FROD").read(config));
    SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>(file.tensors());
    List<String> wrong = new ArrayList<>();
    Map<String, Tensor> here = new LinkedHashMap<>();
    for (NamedBuffer b : adapted.namedBuffers()) {
      here.put(b.name().replace(".default", ""), b.buffer());
    }
    for (String name : io.names()) {
      String key = name.replaceFirst("^extra\\.", "");
      if (!name.startsWith("extra.base_model.frod_")) {
        continue;
      }
      Tensor theirs = GoldenCase.tensor(io, name);
      tensors.put(key, new StoredTensor(theirs.shape(), theirs.storage()));
      String category = key.substring(key.lastIndexOf('.') + 1);
      Tensor own = here.get(nameHere(here, key, category));
      if (own == null) {
        wrong.add("there is no " + key + " but " + here.keySet());
      } else if (key.contains("frod_V.")) {
        Tensor difference = squared(own).sub(squared(theirs)).abs();
        if (!(difference.sub(squared(theirs).abs().add(1).mul(ROUNDING)).max().item() <= 0)) {
          wrong.add(key + " is not a turned one of peft's");
        }
      } else if (!own.storage().equalBytes(theirs.storage())) {
        wrong.add(key + " differs from peft's");
      }
    }
    AdapterFolder.write(folder, "default", config, tensors, ModelCard.of(config));
    return wrong;
  }

  /** Names in memory are of the first layer of a category. */
  private static String nameHere(Map<String, Tensor> here, String key, String category) {
    String kind = key.substring("base_model.".length(), key.lastIndexOf('.'));
    return here.keySet().stream()
        .filter(n -> n.contains("." + kind) && n.endsWith(category))
        .findFirst()
        .orElse("");
  }

  private static Tensor squared(Tensor v) {
    return v.matmul(v.transpose(0, 1));
  }
}
