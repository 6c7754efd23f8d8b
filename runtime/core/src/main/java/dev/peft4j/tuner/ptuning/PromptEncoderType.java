package dev.peft4j.tuner.ptuning;

/** The networks that compute virtual tokens. */
public enum PromptEncoderType {
  /** Three linear layers with ReLU between them. */
  MLP,
  /** A bidirectional LSTM, and two linear layers. */
  LSTM
}
