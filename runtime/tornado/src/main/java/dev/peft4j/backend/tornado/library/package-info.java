/**
 * Tasks of TornadoVM that call a library of the device's manufacturer.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado.library;

import org.jspecify.annotations.NullMarked;
