package dev.peft4j.hub;

/** Is told how a download goes; called by the thread that downloads. */
@FunctionalInterface
public interface HubListener {
  /** Takes a report. */
  void on(HubEvent event);
}
