package dev.peft4j.langchain4j;

import com.fasterxml.jackson.databind.JsonNode;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.peft4j.constraint.Constraint;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.Generator;
import dev.peft4j.generate.SessionCache;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.tuner.AdapterSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What a chat model is made of.
 *
 * @param manners how adapters talk that do it in another manner
 * @param adapter the adapter that acts where a request names none, or null
 * @param set the adapters that requests may name, or null
 * @param sessions where requests that go on from earlier ones find what is computed already
 */
record Talker(
    Generator generator,
    ChatSettings settings,
    Map<String, ChatSettings> manners,
    @Nullable AdapterSet set,
    @Nullable String adapter,
    String modelName,
    ChatRequestParameters defaults,
    List<ChatModelListener> listeners,
    Map<JsonNode, Constraint> schemas,
    SessionCache sessions) {
  /** The most new tokens where nothing is said. */
  static final int NEW_TOKENS = 512;

  private static final int MAX_SCHEMAS = 16;

  static Talker of(ChatModelBuilder<?, ?> b) {
    Generator generator = b.generator;
    ChatSettings settings = b.settings;
    if (generator == null || settings == null) {
      throw new IllegalArgumentException(
          "a chat model needs a generator and chat settings: builder().generator(...)"
              + ".chatSettings(...), or builder().model(folder)");
    }
    if (generator.tokenizer() == null) {
      throw new IllegalArgumentException(
          "the generator of a chat model needs a tokenizer: give it one by with(tokenizer)");
    }
    AdapterSet set = b.adapters;
    String adapter = b.adapter;
    if (adapter != null && (set == null || !set.names().contains(adapter))) {
      throw new IllegalArgumentException(
          "adapter is '"
              + adapter
              + "', expected one of "
              + (set == null ? "the adapters that adapters(...) gives" : set.names()));
    }
    Generator all = set == null ? generator : generator.with(set);
    for (String name : b.manners.keySet()) {
      if (set == null || !set.names().contains(name)) {
        throw new IllegalArgumentException(
            "chatSettings are of the adapter '"
                + name
                + "', expected one of "
                + (set == null ? "the adapters that adapters(...) gives" : set.names()));
      }
    }
    return new Talker(
        all,
        settings,
        Map.copyOf(b.manners),
        set,
        adapter,
        b.modelName,
        b.defaults,
        List.copyOf(b.listeners),
        new LinkedHashMap<>(),
        new SessionCache(all, b.cacheBytes));
  }

  Tokenizer tokenizer() {
    return Objects.requireNonNull(generator.tokenizer());
  }

  /** Returns how an adapter talks; null for none. */
  ChatSettings settings(@Nullable String acting) {
    ChatSettings own = acting == null ? null : manners.get(acting);
    return own == null ? settings : own;
  }

  List<String> adapters() {
    AdapterSet known = set;
    return known == null ? List.of() : known.names();
  }

  /** Returns the constraint of a schema; the latest are kept, with the masks that they found. */
  Constraint schema(JsonNode schema) {
    synchronized (schemas) {
      Constraint known = schemas.remove(schema);
      if (known == null) {
        known = Constraint.jsonSchema(schema);
      }
      schemas.put(schema, known); // the latest is the last
      if (schemas.size() > MAX_SCHEMAS) {
        schemas.remove(schemas.keySet().iterator().next());
      }
      return known;
    }
  }
}
