package dev.peft4j.backend.cublas;

import dev.peft4j.Peft4jException;

/** A failure of one of CUDA's libraries; the message says which call failed and how. */
public final class CudaException extends Peft4jException {
  private static final long serialVersionUID = 1;

  /** Creates an exception with its message. */
  public CudaException(String message) {
    super(message, null);
  }
}
