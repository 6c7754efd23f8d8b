package dev.peft4j.reports;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The state of a run in a line of any width: details for which there is no room are left out, the
 * last evaluation last.
 *
 * @param task the name of the run
 * @param step done
 * @param total the number of steps at the end
 * @param elapsed since it was started or resumed
 * @param left an estimate, or null
 * @param loss of the last steps; NaN if there was none
 * @param rate what is done in a second, such as {@code 1,234 tokens/s}; empty if it is not shown
 * @param epoch the current epoch, from 1; 0 if there was no step
 * @param evaluation the last evaluation, the most important number first
 */
record ProgressText(
    String task,
    long step,
    long total,
    Duration elapsed,
    @Nullable Duration left,
    double loss,
    String rate,
    long epoch,
    SequencedMap<String, Double> evaluation) {
  private static final int LEAST_BAR = 10;
  private static final int MAX_BAR = 60;

  /** The levels of detail, from everything to little; the time makes room for a bar. */
  private enum Detail {
    ALL,
    WITHOUT_TIME,
    WITHOUT_EPOCH,
    ONE_MEASURE,
    WITHOUT_COUNT,
    WITHOUT_TASK
  }

  /**
   * Returns the text for a terminal of {@code width} columns: with a bar, if there is room for one.
   */
  String bar(int width) {
    for (Detail detail : Detail.values()) {
      String before = before(detail);
      String after = after(detail);
      int room = width - before.length() - after.length() - " [] ".length();
      if (room >= LEAST_BAR) {
        int size = Math.min(room, MAX_BAR);
        int done = (int) Math.round(part() * size);
        return before + " [" + "=".repeat(done) + " ".repeat(size - done) + "] " + after;
      }
      if (detail.compareTo(Detail.WITHOUT_TIME) >= 0
          && before.length() + 1 + after.length() <= width) {
        return before + " " + after;
      }
    }
    String least = percent() + " " + measures(Detail.WITHOUT_TASK);
    return least.substring(0, Math.max(0, Math.min(least.length(), width)));
  }

  /** Returns the text for a file or another program. */
  String line() {
    return before(Detail.ALL) + " " + after(Detail.ALL);
  }

  private double part() {
    return total <= 0 ? 1 : Math.clamp((double) step / total, 0, 1);
  }

  private String percent() {
    return String.format(Locale.ROOT, "%3d%%", (int) (100 * part()));
  }

  private String before(Detail detail) {
    return (detail.compareTo(Detail.WITHOUT_TASK) >= 0 || task.isEmpty() ? "" : task + " ")
        + percent();
  }

  private String after(Detail detail) {
    StringBuilder after = new StringBuilder();
    if (detail.compareTo(Detail.WITHOUT_COUNT) < 0) {
      after.append(step).append('/').append(total);
    }
    if (detail.compareTo(Detail.WITHOUT_TIME) < 0) {
      after.append(" (").append(time(elapsed));
      if (left != null && step < total) {
        after.append(", ").append(time(left)).append(" left");
      }
      after.append(')');
    }
    String measures = measures(detail);
    String between = after.isEmpty() || measures.startsWith(" |") ? "" : ", ";
    return measures.isEmpty() ? after.toString() : (after + between + measures).strip();
  }

  private String measures(Detail detail) {
    StringBuilder text = new StringBuilder();
    if (epoch > 0 && detail.compareTo(Detail.WITHOUT_EPOCH) < 0) {
      text.append("epoch ").append(epoch);
    }
    if (!Double.isNaN(loss)) {
      text.append(text.isEmpty() ? "" : ", ").append("loss ").append(number(loss));
    }
    if (!rate.isEmpty() && detail.compareTo(Detail.WITHOUT_COUNT) < 0) {
      text.append(text.isEmpty() ? "" : ", ").append(rate);
    }
    List<String> measured = new ArrayList<>();
    evaluation.forEach((name, value) -> measured.add(name + " " + number(value)));
    if (!measured.isEmpty()) {
      boolean one = detail.compareTo(Detail.ONE_MEASURE) >= 0;
      text.append(" | ").append(one ? measured.getFirst() : String.join(", ", measured));
    }
    return text.toString();
  }

  private static String number(double value) {
    double size = Math.abs(value);
    return size != 0 && (size < 1e-3 || size >= 1e5)
        ? String.format(Locale.ROOT, "%.3g", value)
        : String.format(Locale.ROOT, "%.4f", value);
  }

  private static String time(Duration d) {
    long s = d.toSeconds();
    return s < 3600
        ? String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60)
        : String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  }
}
