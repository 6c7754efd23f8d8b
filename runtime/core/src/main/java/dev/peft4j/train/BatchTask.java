package dev.peft4j.train;

import java.io.Serializable;

/**
 * A batch whose gradients are wanted.
 *
 * @param index in its epoch
 * @param draws the states of the random generators before it is made
 */
public record BatchTask(int index, Draws draws) implements Serializable {
  private static final long serialVersionUID = 1L;
}
