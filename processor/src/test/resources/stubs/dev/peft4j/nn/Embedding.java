package dev.peft4j.nn;

public class Embedding extends Module implements Layer, Adaptable {
  public Embedding(int in, int out) {}

  @Override
  public Object slot() {
    return this;
  }

  @Override
  public float forward(float x) {
    return x;
  }
}
