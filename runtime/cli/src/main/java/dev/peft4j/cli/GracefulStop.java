package dev.peft4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A hook that lets a process finish its current step when it is asked to end (Ctrl-C, SIGTERM). */
final class GracefulStop implements AutoCloseable {
  private static final int MAX_SECONDS = 30;

  private final CountDownLatch ended = new CountDownLatch(1);
  private final Thread hook;
  private volatile boolean asked;

  /**
   * Creates a hook that is active until {@link #close}: a process that is asked to end calls {@code
   * stop} and waits for it.
   */
  GracefulStop(Runnable stop) {
    this.hook = new Thread(() -> end(stop), "stop");
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void end(Runnable stop) {
    asked = true;
    stop.run();
    try {
      if (!ended.await(MAX_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("the step takes too long; ending without a checkpoint of it");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  boolean isAsked() {
    return asked;
  }

  @Override
  public void close() {
    ended.countDown();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException _) {
      // it is running: the process is about to end
    }
  }
}
