/** The workflow of parameter-efficient fine-tuning, from annotation to merged weights. */
@NullMarked
package dev.peft4j.samples.workflow;

import org.jspecify.annotations.NullMarked;
