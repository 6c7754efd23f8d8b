/** What the speed of this backend is compared with. */
@NullMarked
package dev.peft4j.backend.tornado.bench;

import org.jspecify.annotations.NullMarked;
