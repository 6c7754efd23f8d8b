package dev.peft4j.backend.cases;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Every case of every op: what a backend has to agree with the reference on. */
public final class OpCases {
  private OpCases() {}

  /** The cases by group. */
  public static Map<String, List<OpCase>> groups() {
    Map<String, List<OpCase>> groups = new LinkedHashMap<>();
    groups.put("pointwise", PointwiseCases.all());
    groups.put("broadcasting", BroadcastCases.all());
    groups.put("reductions", ReductionCases.all());
    groups.put("products", ProductCases.all());
    groups.put("shapes", ShapeCases.all());
    groups.put("lookups", LookupCases.all());
    groups.put("indices", IndexCases.all());
    groups.put("moves", MoveCases.all());
    groups.put("statistics", StatisticCases.all());
    groups.put("losses", LossCases.all());
    groups.put("rows", RowCases.all());
    groups.put("attention", AttentionCases.all());
    groups.put("decoders", DecoderCases.all());
    groups.put("windows", WindowCases.all());
    groups.put("chains", ChainCases.all());
    return groups;
  }

  /** All cases. */
  public static List<OpCase> all() {
    List<OpCase> all = new ArrayList<>();
    groups().values().forEach(all::addAll);
    return all;
  }
}
