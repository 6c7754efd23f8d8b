package dev.peft4j.backend;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The available backends, found by {@link ServiceLoader}, and the choice among them. */
public final class Backends {
  private static final ScopedValue<Backend> CHOSEN = ScopedValue.newInstance();

  private Backends() {}

  /** Returns all available backends, the default first. */
  public static List<Backend> all() {
    return Default.ALL;
  }

  /**
   * Returns the backend of that name, or of the {@link Device} of that name.
   *
   * @throws IllegalArgumentException if there is none, listing the available ones
   * @throws IllegalStateException if the device's driver is missing, saying how to get it
   */
  public static Backend named(String name) {
    return Default.named(name);
  }

  /** Returns the backend of this scope: the one given to {@link #with}, else the default. */
  public static Backend current() {
    return CHOSEN.isBound() ? CHOSEN.get() : Default.chosen();
  }

  /** Runs {@code body} on another backend; what it computes must be read inside. */
  public static <T> T with(Backend backend, Supplier<T> body) {
    return ScopedValue.where(CHOSEN, backend).call(body::get);
  }

  private static final class Default {
    static final List<Backend> ALL = load();
    private static volatile @Nullable Backend chosen;

    private static List<Backend> load() {
      List<Backend> found = new ArrayList<>();
      ServiceLoader.load(Backend.class, Backend.class.getClassLoader()).forEach(found::add);
      found.sort(Comparator.comparingInt(Backend::priority).reversed());
      return List.copyOf(found);
    }

    static Backend named(String name) {
      for (Backend b : ALL) {
        if (b.name().equals(name)) {
          return b;
        }
      }
      String kind = name.split(":", 2)[0];
      if (kind.equals("tornado") || Device.provider(kind) != null) {
        return Device.of(name).backend();
      }
      throw new IllegalArgumentException(
          "no device or backend named '"
              + name
              + "'; there are the devices "
              + Device.all()
              + " and the backends "
              + ALL.stream().map(Backend::name).toList());
    }

    /** Not in a static initializer: each call must get the reason of a failure. */
    static Backend chosen() {
      Backend known = chosen;
      if (known == null) {
        synchronized (Default.class) {
          known = chosen == null ? choose() : chosen;
          chosen = known;
        }
      }
      return known;
    }

    private static Backend choose() {
      String name = Device.chosenName();
      if (name == null && ALL.isEmpty()) {
        throw new IllegalStateException(
            "no backend is available; peft4j-core brings 'cpu' and 'reference'");
      }
      if (System.getProperty(Device.PRECISION) != null && (name == null || name.equals("cpu"))) {
        Device.of("cpu"); // throws if it lacks the precision that was asked for
      }
      return name == null ? ALL.getFirst() : named(name);
    }
  }
}
