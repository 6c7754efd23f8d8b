package dev.peft4j.spark;

import dev.peft4j.data.Storage;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Numbers that stay where they are because driver and executor are one process, Spark's local mode:
 * what travels is a ticket for them.
 */
final class HandOver {
  private record Item(long step, List<@Nullable Storage> values) {}

  private static final AtomicLong TICKETS = new AtomicLong();
  private static final Map<Long, Item> ITEMS = new ConcurrentHashMap<>();

  private HandOver() {}

  /** Returns the number of a new step, which is what items belong to. */
  static long newStep() {
    return TICKETS.incrementAndGet();
  }

  /** Keeps numbers until their step ends, and returns a ticket. */
  static long keep(long step, List<@Nullable Storage> values) {
    long ticket = TICKETS.incrementAndGet();
    ITEMS.put(ticket, new Item(step, values));
    return ticket;
  }

  /** Returns the numbers of a ticket. */
  static List<@Nullable Storage> get(long ticket) {
    return Objects.requireNonNull(ITEMS.get(ticket), "the step has ended").values;
  }

  /** Forgets what belongs to a step. */
  static void end(long step) {
    ITEMS.values().removeIf(i -> i.step == step);
  }
}
