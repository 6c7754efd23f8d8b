/**
 * Data for training and evaluation: rows of JSONL, CSV and TSV files as a program's own types, and
 * splits. Every error names the file, the line and the column, what was found and what was
 * expected.
 */
@NullMarked
package dev.peft4j.dataset;

import org.jspecify.annotations.NullMarked;
