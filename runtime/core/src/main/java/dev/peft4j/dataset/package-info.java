/**
 * Data for training and evaluation: rows of JSONL, CSV and TSV files as a program's own types, and
 * the split into parts. Every error names the file, the line and the column, what is there and what
 * was expected.
 */
@NullMarked
package dev.peft4j.dataset;

import org.jspecify.annotations.NullMarked;
