/**
 * What the speed of this backend is compared with.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado.bench;

import org.jspecify.annotations.NullMarked;
