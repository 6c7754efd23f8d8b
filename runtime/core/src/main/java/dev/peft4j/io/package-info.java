/**
 * Files: safetensors, peft's adapter folder, model folders. Everything read is checked before it is
 * used and every failure is an {@link java.io.IOException} that names the file, what was found and
 * what would have been right; everything written replaces the old file atomically.
 */
@NullMarked
package dev.peft4j.io;

import org.jspecify.annotations.NullMarked;
