package dev.peft4j.log;

import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * The logger of peft4j's classes. With an SLF4J provider (Logback, Log4j, slf4j-simple, ...)
 * messages go to SLF4J. A project without one would lose every warning; there warnings go to
 * standard error, each message once. SLF4J itself is not asked for a logger then, so that it does
 * not report that there is no provider.
 *
 * <p>SLF4J is looked up when the first message is logged: its set-up takes longer than the first
 * training step of a small model, and most programs log nothing.
 */
public final class Log {
  private final Class<?> owner;

  private Log(Class<?> owner) {
    this.owner = owner;
  }

  /**
   * Returns the log of a class.
   *
   * @param owner gives the logger its name
   */
  public static Log of(Class<?> owner) {
    return new Log(owner);
  }

  /**
   * Logs a warning.
   *
   * @param pattern the message, with {@code {}} for each argument, as SLF4J takes it
   */
  public void warn(String pattern, @Nullable Object... arguments) {
    Loggers.of(owner).warn(pattern, arguments);
  }

  /**
   * Logs details for users who enable them.
   *
   * @param pattern the message, with {@code {}} for each argument, as SLF4J takes it
   */
  public void info(String pattern, @Nullable Object... arguments) {
    Loggers.of(owner).info(pattern, arguments);
  }

  /** The code that needs SLF4J's classes, so that they are loaded with the first message. */
  private static final class Loggers {
    private static final boolean PROVIDER = hasProvider();

    static Logger of(Class<?> owner) {
      return PROVIDER
          ? LoggerFactory.getLogger(owner)
          : new StandardErrorLogger(owner.getName(), line -> System.err.println(line));
    }

    /** Returns whether there is a provider where SLF4J would look for one. */
    private static boolean hasProvider() {
      String explicit = System.getProperty(LoggerFactory.PROVIDER_PROPERTY_KEY);
      if (explicit != null && !explicit.isBlank()) {
        return true;
      }
      try {
        return ServiceLoader.load(SLF4JServiceProvider.class, LoggerFactory.class.getClassLoader())
            .stream()
            .findAny()
            .isPresent();
      } catch (ServiceConfigurationError e) {
        return true; // SLF4J says what is wrong with it
      }
    }
  }
}
