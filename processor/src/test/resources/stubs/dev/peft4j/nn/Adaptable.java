package dev.peft4j.nn;

public interface Adaptable {
  Object slot();
}
