package dev.peft4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Facts about a run as a checkpoint stores them. Facts that an earlier version did not store are
 * not compared.
 *
 * @param about what the program recorded itself, see {@link Trainer#remember}
 * @param data what identifies the data
 * @param settings settings that must stay the same
 * @param free settings that may change when the run is resumed
 * @param schedule the course of the learning rate
 */
record RunRecord(
    Map<String, String> about,
    Map<String, String> data,
    Map<String, String> settings,
    Map<String, String> free,
    @Nullable ScheduleRecord schedule) {
  private static final String KEY = "run";
  private static final String ABOUT = "about";
  private static final int MAX_LENGTH = 150;

  /** Returns the record of a run over {@code data} that may be evaluated. */
  static RunRecord of(
      Map<String, String> about, Batches<?> data, TrainingSettings s, boolean evaluated) {
    Map<String, String> settings = new LinkedHashMap<>();
    settings.put("accumulation", Integer.toString(s.accumulation()));
    settings.put("clip norm", Float.toString(s.clipNorm()));
    settings.put("seed", Long.toString(s.seed()));
    Map<String, String> free = new LinkedHashMap<>();
    long steps = s.plannedSteps(data.count());
    free.put("number of steps", Long.toString(steps));
    free.put("number of epochs", s.epochs() == 0 ? "not limited" : Long.toString(s.epochs()));
    if (evaluated) {
      Monitor m = s.monitored();
      settings.put("monitored number", (m.higherIsBetter() ? "highest " : "lowest ") + m.name());
      settings.put("plateau", s.plateau() == null ? "none" : s.plateau().toString());
      free.put("evaluation", s.evaluations().words());
      free.put("patience", Integer.toString(m.patience()));
      free.put("least change", Double.toString(m.leastChange()));
    }
    free.put("checkpoints", s.checkpoints().words());
    free.put("number of checkpoints kept", Integer.toString(s.kept()));
    return new RunRecord(
        about, data.fingerprint(), settings, free, ScheduleRecord.of(s.schedule(), steps));
  }

  void write(Manifest manifest) {
    ObjectNode tree = manifest.tree().putObject(KEY);
    write(tree, ABOUT, about);
    write(tree, "data", data);
    write(tree, "settings", settings);
    write(tree, "free", free);
    if (schedule != null) {
      schedule.write(tree.putObject("schedule"));
    }
  }

  private static void write(ObjectNode tree, String name, Map<String, String> facts) {
    ObjectNode node = tree.putObject(name);
    facts.forEach(node::put);
  }

  static RunRecord read(Manifest manifest) {
    JsonNode tree = manifest.get(KEY);
    JsonNode schedule = tree.path("schedule");
    return new RunRecord(
        facts(tree.path(ABOUT)),
        facts(tree.path("data")),
        facts(tree.path("settings")),
        facts(tree.path("free")),
        schedule.isObject() ? ScheduleRecord.read(schedule) : null);
  }

  private static Map<String, String> facts(JsonNode tree) {
    Map<String, String> facts = new LinkedHashMap<>();
    tree.properties().forEach(e -> facts.put(e.getKey(), e.getValue().asText()));
    return facts;
  }

  /** Returns the differences between facts in words; what only one side has is not compared. */
  static List<String> differences(Map<String, String> was, Map<String, String> is) {
    List<String> found = new ArrayList<>();
    is.forEach(
        (name, now) -> {
          String before = was.get(name);
          if (before != null && !before.equals(now)) {
            found.add(difference(name, before, now));
          }
        });
    return found;
  }

  static String difference(String name, String was, String is) {
    return name + " " + shortened(was) + ", not " + shortened(is);
  }

  private static String shortened(String value) {
    return value.length() <= MAX_LENGTH
        ? value
        : value.substring(0, MAX_LENGTH) + "... (" + value.length() + " characters)";
  }

  /** Returns the differences of the settings that must stay the same. */
  List<String> settingsThatDiffer(RunRecord now, TrainingSettings settings) {
    List<String> found = differences(this.settings, now.settings);
    ScheduleRecord was = schedule;
    if (was != null && was.steps() > 0) {
      // more steps may stretch a schedule: over as many steps as before it has to be the same
      try {
        ScheduleRecord is = ScheduleRecord.of(settings.schedule(), was.steps());
        if (!is.checksum().equals(was.checksum())) {
          found.add(difference("schedule", was.toString(), is.toString()));
        }
      } catch (IllegalArgumentException e) {
        found.add(difference("schedule", was.toString(), "one over " + was.steps() + " steps"));
      }
    }
    return found;
  }

  /** Returns the differences of the settings that may change. */
  List<String> changes(RunRecord now) {
    List<String> found = differences(free, now.free);
    if (schedule != null
        && now.schedule != null
        && schedule.steps() != now.schedule.steps()
        && !schedule.description().equals(now.schedule.description())) {
      found.add(difference("schedule", schedule.toString(), now.schedule.toString()));
    }
    return found;
  }
}
