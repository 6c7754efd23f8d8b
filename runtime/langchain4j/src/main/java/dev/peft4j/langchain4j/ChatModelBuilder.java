package dev.peft4j.langchain4j;

import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.DefaultChatRequestParameters;
import dev.peft4j.generate.ChatSettings;
import dev.peft4j.generate.GenerationConfig;
import dev.peft4j.generate.Generator;
import dev.peft4j.transformers.CausalLm;
import dev.peft4j.transformers.Tokenizer;
import dev.peft4j.transformers.Transformers;
import dev.peft4j.tuner.AdapterSet;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A builder of chat models: of a generator with chat settings, or of folders.
 *
 * @param <M> the model
 * @param <B> the builder
 */
public abstract sealed class ChatModelBuilder<M, B extends ChatModelBuilder<M, B>>
    permits Peft4jChatModel.Builder, Peft4jStreamingChatModel.Builder {
  /** The most memory of conversations' keys and values that is kept unless it is set: 512 MiB. */
  public static final long CACHE_BYTES = 512L << 20;

  @Nullable Generator generator;
  @Nullable ChatSettings settings;
  @Nullable AdapterSet adapters;
  @Nullable String adapter;
  String modelName = "peft4j";
  ChatRequestParameters defaults = DefaultChatRequestParameters.EMPTY;
  List<ChatModelListener> listeners = List.of();
  long cacheBytes = CACHE_BYTES;
  final Map<String, ChatSettings> manners = new LinkedHashMap<>();

  ChatModelBuilder() {}

  abstract B self();

  /** Sets the model: a generator with a tokenizer; its settings are the defaults of requests. */
  public B generator(Generator value) {
    generator = value;
    return self();
  }

  /** Sets the manner in which the model talks: its template, and where answers end. */
  public B chatSettings(ChatSettings value) {
    settings = value;
    return self();
  }

  /**
   * Sets the manner in which one of {@link #adapters} talks, for requests in which it acts: the
   * template that it was trained under, and where its answers end. {@link ChatSettings#read} reads
   * them from its folder. Others talk as {@link #chatSettings(ChatSettings)} says.
   */
  public B chatSettings(String adapterName, ChatSettings value) {
    manners.put(adapterName, value);
    return self();
  }

  /**
   * Loads the model, its tokenizer and its chat template.
   *
   * @param folder a folder of Hugging Face
   * @throws IllegalArgumentException if the folder has no chat template
   */
  public B model(Path folder) throws IOException {
    return model(folder, null);
  }

  /**
   * Loads a model and an adapter, which acts in all requests.
   *
   * @param folder a folder of Hugging Face
   * @param adapterFolder of peft4j or peft; null for none
   * @throws IllegalArgumentException if neither has a chat template
   */
  public B model(Path folder, @Nullable Path adapterFolder) throws IOException {
    CausalLm model = Transformers.causalLm(folder);
    model.eval();
    Tokenizer tokenizer = Tokenizer.load(folder, Integer.MAX_VALUE);
    GenerationConfig config = GenerationConfig.read(folder);
    ChatSettings found = ChatSettings.read(adapterFolder, folder, tokenizer, config);
    if (found == null) {
      tokenizer.close();
      throw new IllegalArgumentException(
          folder
              + " has no chat template: load the parts yourself, and give"
              + " chatSettings(ChatSettings.of(...)) with a template");
    }
    if (adapterFolder != null) {
      PeftModel.load(model, adapterFolder).eval();
    }
    Path name = folder.getFileName();
    modelName = name == null ? modelName : name.toString();
    return generator(Generator.of(model, tokenizer).with(config)).chatSettings(found);
  }

  /** Sets the adapters of the model, of which a request may name one as its {@code modelName}. */
  public B adapters(AdapterSet value) {
    adapters = value;
    return self();
  }

  /** Sets the adapter that acts where a request names none: one of {@link #adapters}. */
  public B adapter(@Nullable String name) {
    adapter = name;
    return self();
  }

  /** Sets the name by which responses call the model. */
  public B modelName(String value) {
    modelName = value;
    return self();
  }

  /** Sets the parameters of requests that do not set them. */
  public B defaultRequestParameters(ChatRequestParameters value) {
    defaults = value;
    return self();
  }

  /** Sets who hears of requests and responses. */
  public B listeners(List<ChatModelListener> value) {
    listeners = List.copyOf(value);
    return self();
  }

  /**
   * Sets the most memory of keys and values that is kept between requests. A request has all
   * messages of its conversation; what it has in common with an earlier one, of this conversation
   * or another, is not computed again. The conversations that were used longest ago are forgotten.
   *
   * @param value bytes; 0 keeps nothing
   * @throws IllegalArgumentException if it is negative
   */
  public B cacheBytes(long value) {
    if (value < 0) {
      throw new IllegalArgumentException("cacheBytes is " + value + ", needed 0 or more");
    }
    cacheBytes = value;
    return self();
  }

  /**
   * Returns the model.
   *
   * @throws IllegalArgumentException if the generator, its tokenizer or the chat settings are
   *     missing, or there is no such adapter
   */
  public abstract M build();
}
