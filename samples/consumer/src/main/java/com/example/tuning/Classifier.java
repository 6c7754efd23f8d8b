package com.example.tuning;

import dev.peft4j.annotation.Peft;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;

/** A model of some blocks and a head; the build generates {@code ClassifierPeft} for it. */
@Peft(
    target = {"up", "down"},
    r = 4,
    alpha = 8,
    modulesToSave = "head")
public class Classifier extends Module {
  final List<Block> blocks;
  final Linear head;

  public Classifier(int width, int depth, int classes) {
    blocks = Stream.generate(() -> new Block(width)).limit(depth).toList();
    head = new Linear(width, classes);
  }

  /** Returns the scores (batch, classes) of x (batch, width). */
  public Tensor forward(Tensor x) {
    for (Block block : blocks) {
      x = block.forward(x);
    }
    return head.forward(x);
  }

  static class Block extends Module {
    final Linear up;
    final Linear down;

    Block(int width) {
      up = new Linear(width, 2 * width);
      down = new Linear(2 * width, width);
    }

    Tensor forward(Tensor x) {
      return x.add(down.forward(up.forward(x).gelu()));
    }
  }
}
