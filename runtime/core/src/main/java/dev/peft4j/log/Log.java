package dev.peft4j.log;

import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.SLF4JServiceProvider;

/**
 * The loggers of peft4j. With an SLF4J provider (Logback, Log4j, slf4j-simple, ...) they are
 * SLF4J's. A project without one, as most begin, would lose every warning: there warnings and
 * errors go to standard error, each sentence once. SLF4J itself is not asked for a logger then, so
 * that it has no reason to report that there is no provider.
 */
public final class Log {
  private static final boolean PROVIDER = hasProvider();

  private Log() {}

  /**
   * Returns the logger of a class.
   *
   * @param owner gives the logger its name
   */
  public static Logger of(Class<?> owner) {
    return PROVIDER
        ? LoggerFactory.getLogger(owner)
        : new StandardErrorLogger(owner.getName(), line -> System.err.println(line));
  }

  /** Looks where SLF4J looks. */
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
