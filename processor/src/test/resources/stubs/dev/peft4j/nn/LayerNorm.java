package dev.peft4j.nn;

public class LayerNorm extends Module implements Layer {
  public LayerNorm(int n) {}

  @Override
  public float forward(float x) {
    return x;
  }
}
