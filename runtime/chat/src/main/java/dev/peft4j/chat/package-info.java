/**
 * Conversations and chat templates: {@link dev.peft4j.chat.ChatTemplate} makes of a conversation
 * the text that a model was trained on, exactly as transformers' {@code apply_chat_template} does.
 */
@NullMarked
package dev.peft4j.chat;

import org.jspecify.annotations.NullMarked;
