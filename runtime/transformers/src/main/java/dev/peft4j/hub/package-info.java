/**
 * The Hugging Face Hub: {@link dev.peft4j.hub.ModelFolders} finds models on this machine, {@link
 * dev.peft4j.hub.HubDownload} downloads others on request. Files, environment variables and the
 * layout of the cache are those of Python's {@code huggingface_hub}, so that both find what the
 * other has downloaded.
 */
@NullMarked
package dev.peft4j.hub;

import org.jspecify.annotations.NullMarked;
