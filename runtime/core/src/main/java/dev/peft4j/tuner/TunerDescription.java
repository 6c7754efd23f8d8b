package dev.peft4j.tuner;

import dev.peft4j.annotation.Setting;
import dev.peft4j.annotation.TunerDescriptor;
import dev.peft4j.target.SettingNames;
import java.lang.annotation.Annotation;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The description of a tuner by its annotation, for code that knows no tuner by its name: which
 * settings there are, what they may be, and how to build them.
 */
public final class TunerDescription {
  private static final int FIRST = 2;

  private final Tuner<?> tuner;
  private final String title;
  private final List<TunerSetting> settings;

  private TunerDescription(Tuner<?> tuner, Class<? extends Annotation> annotation) {
    this.tuner = tuner;
    TunerDescriptor d =
        Objects.requireNonNull(
            annotation.getAnnotation(TunerDescriptor.class),
            () -> annotation.getName() + " carries no @TunerDescriptor");
    this.title = d.title().isEmpty() ? annotation.getSimpleName() : d.title();
    this.settings =
        Arrays.stream(annotation.getDeclaredMethods())
            .filter(m -> !SettingNames.common(m.getName()) && isOf(tuner, m))
            .map(TunerSetting::of)
            .sorted(Comparator.comparing(TunerDescription::order).thenComparing(TunerSetting::name))
            .toList();
  }

  private static boolean isOf(Tuner<?> tuner, Method member) {
    Setting s = member.getAnnotation(Setting.class);
    return s == null || s.tuner().isEmpty() || s.tuner().equals(tuner.peftType());
  }

  /** The JVM gives members in no order; these first, the others by their names. */
  private static int order(TunerSetting setting) {
    return switch (setting.name()) {
      case "r" -> 0;
      case "alpha" -> 1;
      default -> FIRST;
    };
  }

  /** Returns the description of a tuner, or null if it has no annotation. */
  public static @Nullable TunerDescription of(Tuner<?> tuner) {
    Class<? extends Annotation> annotation = tuner.annotation();
    return annotation == null ? null : new TunerDescription(tuner, annotation);
  }

  /** Returns the descriptions of all tuners that are available and have one. */
  public static List<TunerDescription> all() {
    return Tuner.all().stream().map(TunerDescription::of).filter(Objects::nonNull).toList();
  }

  /** Returns the tuner. */
  public Tuner<?> tuner() {
    return tuner;
  }

  /** Returns its name for people, for example {@code LoRA}. */
  public String title() {
    return title;
  }

  /** Returns the settings of its own: all but those that every tuner has. */
  public List<TunerSetting> settings() {
    return settings;
  }

  /**
   * Starts settings with peft's defaults.
   *
   * @throws IllegalStateException if the class of the settings has no {@code builder()} that gives
   *     a {@link ConfigBuilder}
   */
  public ConfigBuilder<?> builder() {
    Class<?> config = tuner.configType();
    try {
      return (ConfigBuilder<?>) Objects.requireNonNull(config.getMethod("builder").invoke(null));
    } catch (ReflectiveOperationException | ClassCastException e) {
      throw new IllegalStateException(
          config.getName() + " needs a static method builder() that gives a ConfigBuilder", e);
    }
  }

  /**
   * Starts settings with values as they are written on a command line: several with commas between
   * them, entries of patterns as {@code KEY=VALUE}.
   *
   * @param texts values by the names of settings
   * @param label what to call a setting in messages
   * @throws IllegalArgumentException naming the setting, what was found, and what is allowed
   */
  public ConfigBuilder<?> builder(Map<String, String> texts, Function<TunerSetting, String> label) {
    ConfigBuilder<?> builder = builder();
    for (TunerSetting setting : settings) {
      String text = texts.get(setting.name());
      if (text == null && setting.usual() == null) {
        throw new IllegalArgumentException(
            label.apply(setting) + " is missing: " + title + " needs it");
      }
      if (text != null) {
        for (Object[] arguments : setting.parse(label.apply(setting), text)) {
          call(builder, setting, arguments);
        }
      }
    }
    return builder;
  }

  private static void call(ConfigBuilder<?> builder, TunerSetting setting, Object[] arguments) {
    for (Method method : builder.getClass().getMethods()) {
      if (method.getName().equals(setting.setter())
          && method.getParameterCount() == arguments.length
          && !method.isBridge()) {
        try {
          method.invoke(builder, arguments);
          return;
        } catch (InvocationTargetException e) {
          if (e.getCause() instanceof RuntimeException wrong) {
            throw wrong;
          }
          throw new IllegalStateException(e);
        } catch (IllegalArgumentException | IllegalAccessException e) {
          continue; // overloaded: another one
        }
      }
    }
    throw new IllegalStateException(
        builder.getClass().getName()
            + " has no method "
            + setting.setter()
            + " for the setting "
            + setting.name());
  }

  @Override
  public String toString() {
    return title + " " + settings.stream().map(TunerSetting::name).toList();
  }
}
