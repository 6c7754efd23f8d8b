package dev.peft4j.nn;

public class Conv1d extends Module implements Layer, Adaptable {
  public Conv1d(int in, int out) {}

  @Override
  public Object slot() {
    return this;
  }

  @Override
  public float forward(float x) {
    return x;
  }
}
