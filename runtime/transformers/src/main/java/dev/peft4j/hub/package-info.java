/**
 * The Hugging Face Hub: {@link dev.peft4j.hub.ModelFolders} finds what is on this machine already,
 * {@link dev.peft4j.hub.HubDownload} fetches what is not, when it is asked to. Files, environment
 * variables and the layout of the cache are those of Python's {@code huggingface_hub}, so that both
 * find what the other one downloaded.
 */
@NullMarked
package dev.peft4j.hub;

import org.jspecify.annotations.NullMarked;
