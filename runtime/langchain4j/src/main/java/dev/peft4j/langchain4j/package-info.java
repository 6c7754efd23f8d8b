/**
 * Models with or without adapters as LangChain4j's {@code ChatModel}, {@code StreamingChatModel},
 * {@code EmbeddingModel} and {@code ScoringModel}.
 */
@NullMarked
package dev.peft4j.langchain4j;

import org.jspecify.annotations.NullMarked;
