package dev.peft4j.hub;

/** A receiver of the events of a download; called by the thread that downloads. */
@FunctionalInterface
public interface HubListener {
  /** Receives an event. */
  void on(HubEvent event);
}
