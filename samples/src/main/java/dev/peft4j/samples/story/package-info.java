/**
 * A pretrained decoder learns a new kind of text: words and their definitions; {@link
 * dev.peft4j.samples.story.Story} is the program.
 */
@NullMarked
package dev.peft4j.samples.story;

import org.jspecify.annotations.NullMarked;
