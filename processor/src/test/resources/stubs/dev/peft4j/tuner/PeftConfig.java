package dev.peft4j.tuner;

import dev.peft4j.target.TargetSpec;

public interface PeftConfig {
  TargetSpec targets();
}
