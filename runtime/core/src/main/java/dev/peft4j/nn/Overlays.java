package dev.peft4j.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The choice of the overlay for a call: the one chosen for the scope of the call by {@link #with},
 * else the adapted model's standard one. The choice is bound to a scope of a thread, so threads
 * that share a model do not affect each other, and neither do adapted models that share a base.
 */
public final class Overlays {
  private record Choice(OverlaySource source, Overlay overlay, @Nullable Choice outer) {}

  private static final ScopedValue<Choice> CHOSEN = ScopedValue.newInstance();
  static final OverlaySource[] NONE = {};

  private Overlays() {}

  /** Runs {@code body} with this overlay on the base of {@code source}. */
  public static <T> T with(OverlaySource source, Overlay overlay, Supplier<T> body) {
    Choice outer = CHOSEN.isBound() ? CHOSEN.get() : null;
    return ScopedValue.where(CHOSEN, new Choice(source, overlay, outer)).call(body::get);
  }

  /** Returns the overlay of {@code source} that was chosen for this scope, or null. */
  public static @Nullable Overlay chosen(OverlaySource source) {
    for (Choice c = CHOSEN.isBound() ? CHOSEN.get() : null; c != null; c = c.outer) {
      if (c.source == source) {
        return c.overlay;
      }
    }
    return null;
  }

  /**
   * Returns the one of {@code sources} of which an overlay was chosen last for this scope, or null.
   */
  static @Nullable OverlaySource chosenOf(OverlaySource[] sources) {
    for (Choice c = CHOSEN.isBound() ? CHOSEN.get() : null; c != null; c = c.outer) {
      for (OverlaySource s : sources) {
        if (s == c.source) {
          return s;
        }
      }
    }
    return null;
  }

  /**
   * Returns the overlay that is active here for something that {@code sources} share.
   *
   * @throws IllegalStateException if there are several and none was chosen
   */
  static @Nullable Overlay acting(OverlaySource[] sources) {
    if (sources.length == 0) {
      return null;
    }
    for (Choice c = CHOSEN.isBound() ? CHOSEN.get() : null; c != null; c = c.outer) {
      for (OverlaySource s : sources) {
        if (s == c.source) {
          return c.overlay;
        }
      }
    }
    Overlay only = null;
    for (OverlaySource s : sources) {
      Overlay standard = s.standard();
      if (standard != null && only != null) {
        throw new IllegalStateException(
            "this model is the base of "
                + sources.length
                + " adapted models, so a call of the model itself is ambiguous: call it through one"
                + " of them, adapted.call(m -> m.forward(x)), or with a scope such as"
                + " adapted.withAdapter(name, () -> ...)");
      }
      only = standard == null ? only : standard;
    }
    return only;
  }

  static OverlaySource[] plus(OverlaySource[] sources, OverlaySource one) {
    if (Arrays.asList(sources).contains(one)) {
      return sources;
    }
    OverlaySource[] more = Arrays.copyOf(sources, sources.length + 1);
    more[sources.length] = one;
    return more;
  }

  static OverlaySource[] minus(OverlaySource[] sources, OverlaySource one) {
    List<OverlaySource> left = new ArrayList<>(Arrays.asList(sources));
    left.remove(one);
    return left.isEmpty() ? NONE : left.toArray(NONE);
  }
}
