package dev.peft4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.peft4j.optim.Schedule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/**
 * A schedule as a checkpoint stores it: by its factors. Its description is for messages only.
 *
 * @param steps the total that it was made for
 * @param description what it says of itself, or empty
 * @param checksum of its factors at up to 4,096 steps, spread evenly
 * @param factors at a few steps
 */
record ScheduleRecord(long steps, String description, String checksum, Map<Long, Float> factors) {
  private static final int SAMPLES = 4096;
  private static final int SHOWN = 5;

  static ScheduleRecord of(LongFunction<Schedule> schedule, long steps) {
    Schedule s = schedule.apply(steps);
    float[] all = new float[(int) Math.min(steps, SAMPLES)];
    for (int i = 0; i < all.length; i++) {
      all[i] = (float) s.factor(at(i, all.length, steps));
    }
    Map<Long, Float> some = new LinkedHashMap<>();
    for (int i = 0; i < SHOWN; i++) {
      long step = at(i, SHOWN, steps);
      some.put(step, (float) s.factor(step));
    }
    String checksum = String.valueOf(ContentDigest.of(List.of(all)));
    return new ScheduleRecord(steps, s.description(), checksum, some);
  }

  /** Returns the step of sample {@code i} of {@code samples}, from the first step to the last. */
  private static long at(int i, int samples, long steps) {
    return samples == 1 ? 0 : Math.round((double) i / (samples - 1) * (steps - 1));
  }

  void write(ObjectNode into) {
    into.put("steps", steps).put("description", description).put("checksum", checksum);
    ObjectNode some = into.putObject("factors");
    factors.forEach((step, factor) -> some.put(Long.toString(step), Float.toString(factor)));
  }

  static ScheduleRecord read(JsonNode from) {
    Map<Long, Float> some = new LinkedHashMap<>();
    from.path("factors")
        .properties()
        .forEach(
            e -> some.put(Long.parseLong(e.getKey()), Float.parseFloat(e.getValue().asText())));
    return new ScheduleRecord(
        from.path("steps").longValue(),
        from.path("description").asText(),
        from.path("checksum").asText(),
        some);
  }

  /** Returns the schedule in words. */
  @Override
  public String toString() {
    return description.isEmpty()
        ? "with factors " + factors + " at steps of " + steps
        : description;
  }
}
