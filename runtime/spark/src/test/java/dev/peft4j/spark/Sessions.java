package dev.peft4j.spark;

import org.apache.spark.sql.SparkSession;

/** Sessions whose executors are threads of this process. */
final class Sessions {
  private Sessions() {}

  static SparkSession local(int cores) {
    return SparkSession.builder()
        .master("local[" + cores + "]")
        .appName("peft4j")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate();
  }
}
