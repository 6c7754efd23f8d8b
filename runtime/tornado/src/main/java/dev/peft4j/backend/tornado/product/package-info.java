/** Matrix products on a device, chosen by its type. */
@NullMarked
package dev.peft4j.backend.tornado.product;

import org.jspecify.annotations.NullMarked;
