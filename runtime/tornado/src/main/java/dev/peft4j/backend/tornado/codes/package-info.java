/**
 * Encodings that the device decodes itself, one file each.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado.codes;

import org.jspecify.annotations.NullMarked;
