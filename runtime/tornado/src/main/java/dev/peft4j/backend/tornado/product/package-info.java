/**
 * Matrix products on a device, chosen by its type.
 *
 * <p>Internal to peft4j: may change at any time.
 */
@NullMarked
package dev.peft4j.backend.tornado.product;

import org.jspecify.annotations.NullMarked;
