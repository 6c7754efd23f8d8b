package dev.peft4j.samples.gloss;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.SparkSession;

/** A small standalone cluster of this process: a master, and workers with an executor each. */
final class ClusterSession implements AutoCloseable {
  private final SparkSession spark;

  /**
   * Starts one.
   *
   * @param megabytes of the Java heap of an executor
   */
  ClusterSession(int executors, int megabytes) throws IOException {
    // looked for by Spark's workers; executors get the classes of this process
    Files.createDirectories(Path.of(System.getenv("SPARK_HOME"), "jars"));
    spark =
        SparkSession.builder()
            .master("local-cluster[" + executors + ",1," + megabytes + "]")
            .appName("peft4j")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.maxResultSize", "0")
            .config("spark.broadcast.compress", "false") // random numbers do not get smaller
            .config("spark.executor.memory", megabytes + "m")
            .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
            .config(
                "spark.executor.extraJavaOptions",
                "--enable-native-access=ALL-UNNAMED --add-modules=jdk.incubator.vector")
            .config("spark.executorEnv.JAVA_HOME", System.getProperty("java.home"))
            .config("spark.executorEnv.SPARK_SCALA_VERSION", "2.13")
            .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
            .getOrCreate();
  }

  SparkSession spark() {
    return spark;
  }

  /** Returns the executors: the only Java processes that this one has started. */
  static List<ProcessHandle> executors() {
    return ProcessHandle.current()
        .descendants()
        .filter(p -> p.info().command().orElse("").endsWith("java"))
        .toList();
  }

  /** Stops all, and waits until the executors have ended. */
  @Override
  public void close() {
    List<ProcessHandle> left = executors();
    spark.stop();
    left.forEach(p -> p.onExit().orTimeout(30, TimeUnit.SECONDS).join());
  }
}
