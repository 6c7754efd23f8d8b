/** Internal to peft4j, may change at any time: where progress is shown. */
@NullMarked
package dev.peft4j.reports.terminal;

import org.jspecify.annotations.NullMarked;
