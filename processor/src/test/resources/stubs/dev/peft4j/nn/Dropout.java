package dev.peft4j.nn;

public class Dropout extends Module implements Layer {
  public Dropout(int n) {}

  @Override
  public float forward(float x) {
    return x;
  }
}
