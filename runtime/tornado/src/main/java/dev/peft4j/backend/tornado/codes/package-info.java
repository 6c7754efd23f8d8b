/** Encodings that the device decodes itself, one file each. */
@NullMarked
package dev.peft4j.backend.tornado.codes;

import org.jspecify.annotations.NullMarked;
