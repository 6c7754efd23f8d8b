package dev.peft4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.CompleteToolCall;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.chat.response.StreamingHandle;
import dev.peft4j.generate.GenerationListener;
import java.util.List;

/** An answer that is given out part by part; what may be a call of a tool is held until the end. */
final class StreamedAnswer implements GenerationListener, StreamingHandle {
  private static final List<String> MARKS = List.of("<tool_call>", "<function=", "[TOOL_CALLS]");

  private final ChatCall call;
  private final StreamingChatResponseHandler handler;
  private final boolean tools;
  private final StringBuilder text = new StringBuilder();
  private int given;
  private volatile boolean cancelled;

  StreamedAnswer(ChatCall call, StreamingChatResponseHandler handler) {
    this.call = call;
    this.handler = handler;
    this.tools = !call.toolNames().isEmpty();
  }

  void run() {
    try {
      ChatResponse response = call.run(this);
      if (cancelled) {
        return; // nobody listens any more
      }
      List<ToolExecutionRequest> calls = response.aiMessage().toolExecutionRequests();
      String whole = response.aiMessage().text();
      if (calls.isEmpty() && whole != null && whole.length() > given) {
        give(whole.substring(given));
      }
      for (int i = 0; i < calls.size(); i++) {
        handler.onCompleteToolCall(new CompleteToolCall(i, calls.get(i)));
      }
      handler.onCompleteResponse(response);
    } catch (RuntimeException | Error e) {
      handler.onError(e);
    }
  }

  @Override
  public void onText(int row, String part) {
    text.append(part);
    int free = tools ? free() : text.length();
    if (free > given) {
      String next = text.substring(given, free);
      given = free;
      give(next);
    }
  }

  private void give(String part) {
    handler.onPartialResponse(new PartialResponse(part), new PartialResponseContext(this));
  }

  /** How much of the text is certainly no call. */
  private int free() {
    String s = text.toString();
    String start = s.stripLeading();
    if (start.isEmpty() || "{[<".indexOf(start.charAt(0)) >= 0) {
      return given; // it may be a call as a whole
    }
    int free = s.length();
    for (String mark : MARKS) {
      int at = s.indexOf(mark);
      if (at >= 0) {
        free = Math.min(free, at);
      }
      for (int n = Math.min(mark.length() - 1, s.length()); n > 0; n--) {
        if (s.endsWith(mark.substring(0, n))) {
          free = Math.min(free, s.length() - n);
          break;
        }
      }
    }
    while (free > 0 && Character.isWhitespace(s.charAt(free - 1))) {
      free--; // white space before a call is not in the text
    }
    return free;
  }

  @Override
  public boolean cancelled() {
    return cancelled;
  }

  @Override
  public void cancel() {
    cancelled = true;
  }

  @Override
  public boolean isCancelled() {
    return cancelled;
  }
}
