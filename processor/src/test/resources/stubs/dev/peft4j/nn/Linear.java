package dev.peft4j.nn;

public class Linear extends Module implements Layer, Adaptable {
  public Linear(int in, int out) {}

  @Override
  public Object slot() {
    return this;
  }

  @Override
  public float forward(float x) {
    return x;
  }
}
