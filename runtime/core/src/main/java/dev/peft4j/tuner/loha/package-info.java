/** LoHa: low-rank Hadamard products. */
@NullMarked
package dev.peft4j.tuner.loha;

import org.jspecify.annotations.NullMarked;
