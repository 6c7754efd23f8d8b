package dev.peft4j.nn;

public interface Layer {
  float forward(float x);
}
