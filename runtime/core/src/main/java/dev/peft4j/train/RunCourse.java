package dev.peft4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.optim.Plateau;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.TreeMap;

/** The latest measurements of a run, so that they can be reported after it is resumed. */
final class RunCourse {
  /** The number of steps over which the loss is averaged. */
  static final int WINDOW = 20;

  private static final String KEY = "course";

  private record Loss(double mean, double count) {}

  private final Deque<Loss> losses = new ArrayDeque<>();
  private Map<String, Double> evaluation = Map.of();
  private Map<String, Double> best = Map.of();
  private Plateau.State plateau = Plateau.State.START;

  /** Adds the loss of a step, the mean of {@code count} things. */
  void step(double loss, double count) {
    losses.addLast(new Loss(loss, count));
    if (losses.size() > WINDOW) {
      losses.removeFirst();
    }
  }

  void evaluated(Map<String, Double> values, boolean isBest) {
    evaluation = Map.copyOf(values);
    best = isBest ? evaluation : best;
  }

  /** Returns the state of the plateau rule. */
  Plateau.State plateau() {
    return plateau;
  }

  void plateau(Plateau.State state) {
    plateau = state;
  }

  /** Returns the mean loss of the last steps; NaN if there were none. */
  double loss() {
    Weighted mean = new Weighted();
    losses.forEach(l -> mean.add(l.mean, l.count));
    return mean.mean();
  }

  /** Returns the results of the last evaluation; empty if there was none. */
  Map<String, Double> evaluation() {
    return evaluation;
  }

  /** Returns the results of the best evaluation. */
  Map<String, Double> best() {
    return best;
  }

  /** Writes the numbers as text, since JSON cannot represent all of them. */
  void write(Manifest manifest) {
    ObjectNode tree = manifest.tree().putObject(KEY);
    losses.forEach(
        l ->
            tree.withArray("losses")
                .addArray()
                .add(Double.toString(l.mean))
                .add(Double.toString(l.count)));
    write(tree, "evaluation", evaluation);
    write(tree, "best_evaluation", best);
    if (!plateau.equals(Plateau.State.START)) {
      tree.putObject("plateau")
          .put("rate", Double.toString(plateau.rate()))
          .put("best", Double.toString(plateau.best()))
          .put("bad", plateau.bad())
          .put("cooling", plateau.cooling());
    }
  }

  private static void write(ObjectNode tree, String name, Map<String, Double> values) {
    ObjectNode node = tree.putObject(name);
    new TreeMap<>(values).forEach((k, v) -> node.put(k, Double.toString(v)));
  }

  static RunCourse read(Manifest manifest) {
    RunCourse c = new RunCourse();
    JsonNode tree = manifest.get(KEY);
    for (JsonNode l : tree.path("losses")) {
      c.step(Double.parseDouble(l.path(0).asText()), Double.parseDouble(l.path(1).asText()));
    }
    c.evaluation = values(tree.path("evaluation"));
    c.best = values(tree.path("best_evaluation"));
    JsonNode at = tree.path("plateau");
    if (at.isObject()) {
      c.plateau =
          new Plateau.State(
              Double.parseDouble(at.path("rate").asText()),
              Double.parseDouble(at.path("best").asText()),
              at.path("bad").intValue(),
              at.path("cooling").intValue());
    }
    return c;
  }

  private static Map<String, Double> values(JsonNode tree) {
    Map<String, Double> values = new TreeMap<>();
    tree.properties()
        .forEach(e -> values.put(e.getKey(), Double.parseDouble(e.getValue().asText())));
    return Map.copyOf(values);
  }
}
