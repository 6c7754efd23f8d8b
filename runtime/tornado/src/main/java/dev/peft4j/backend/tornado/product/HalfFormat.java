package dev.peft4j.backend.tornado.product;

/** Meanings of 16 bits. */
public enum HalfFormat {
  /** The upper half of an IEEE 754 single. */
  BFLOAT16,
  /** IEEE 754 half precision. */
  FLOAT16
}
