package dev.peft4j.nn;

public class TransposedLinear extends Module implements Layer, Adaptable {
  public TransposedLinear(int in, int out) {}

  @Override
  public Object slot() {
    return this;
  }

  @Override
  public float forward(float x) {
    return x;
  }
}
