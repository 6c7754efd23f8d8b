/** What a model class carries so that the processor writes its adapted subclass. */
@NullMarked
package dev.peft4j.annotation;

import org.jspecify.annotations.NullMarked;
