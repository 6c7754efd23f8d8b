package dev.peft4j.tuner.lora;

import dev.peft4j.annotation.Init;
import dev.peft4j.target.TargetSpec;
import dev.peft4j.tuner.PeftModel;
import dev.peft4j.tuner.Weights;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** EVA: the main directions of what goes into the layers; see {@link LoraData#eva}. */
final class EvaStart {
  private EvaStart() {}

  /** Finds the directions with the adapter that is there, and makes it anew with its ranks. */
  static void begin(
      PeftModel model,
      String adapter,
      LoraConfig config,
      double rho,
      double tau,
      boolean whiten,
      List<Runnable> batches) {
    if (batches.isEmpty()) {
      throw new IllegalArgumentException("EVA needs at least one batch");
    }
    StartLayers all = new StartLayers(model, adapter);
    SequencedMap<String, Integer> ranks = new LinkedHashMap<>();
    Map<String, Integer> sizes = new HashMap<>();
    all.all()
        .forEach(
            (path, layer) -> {
              ranks.put(path, config.rankOf(path));
              sizes.put(path, Weights.inputs(layer));
            });
    EvaRanks eva = EvaRanks.of(ranks, sizes, rho, tau, batches, all::watch);
    SequencedMap<String, Integer> newRanks = new LinkedHashMap<>();
    SequencedMap<String, Double> newAlphas = new LinkedHashMap<>();
    List<String> targets = ranks.keySet().stream().filter(path -> eva.rank(path) > 0).toList();
    for (String path : targets) {
      int r = eva.rank(path);
      double alpha = config.alphaOf(path) * r / ranks.getOrDefault(path, 1);
      if (r != config.r()) {
        newRanks.put(path, r);
      }
      if (alpha != config.alpha()) {
        newAlphas.put(path, alpha);
      }
    }
    TargetSpec t = config.targets();
    LoraConfig dealt =
        config
            .started(Init.EVA, StartSettings.eva(rho, tau, whiten))
            .withPatterns(newRanks, newAlphas)
            .withTargets(t.withTargets(targets));
    model.adapters().delete(adapter);
    model.adapters().addMatching(adapter, dealt);
    StartLayers now = new StartLayers(model, adapter);
    now.all()
        .forEach(
            (path, layer) -> now.setA(path, eva.directions(path, Weights.inputs(layer), whiten)));
  }
}
