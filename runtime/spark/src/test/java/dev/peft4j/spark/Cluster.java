package dev.peft4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;

/** A cluster of executor processes on this machine, for tests. */
final class Cluster implements AutoCloseable {
  private static final int MEGABYTES = 512;

  final SparkSession spark;

  /** Starts a master and as many workers, each with an executor of one core. */
  Cluster(int executors) throws IOException {
    Path home =
        Path.of(
            Objects.requireNonNull(
                System.getenv("SPARK_HOME"), "tests run with SPARK_HOME, see the pom"));
    Files.createDirectories(home.resolve("jars")); // looked for; classes are those of the tests
    spark =
        SparkSession.builder()
            .master("local-cluster[" + executors + ",1," + MEGABYTES + "]")
            .appName("peft4j")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.executor.memory", MEGABYTES + "m")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config(
                "spark.executor.extraJavaOptions",
                "--enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector"
                    + " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
            .config("spark.executorEnv.JAVA_HOME", System.getProperty("java.home"))
            .config(
                "spark.executorEnv.SPARK_SCALA_VERSION", "2.13") // or it looks for Spark's scripts
            .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
            .getOrCreate();
  }

  /** Returns the processes of executors: all Java ones, their arguments are too long to be seen. */
  static List<ProcessHandle> processes() {
    return ProcessHandle.current()
        .descendants()
        .filter(p -> p.info().command().orElse("").endsWith("java"))
        .toList();
  }

  /** Stops all, and holds that no process is left. */
  @Override
  public void close() {
    List<ProcessHandle> all = processes();
    spark.stop();
    all.forEach(p -> p.onExit().orTimeout(20, TimeUnit.SECONDS).join());
    assertThat(processes()).isEmpty();
  }
}
