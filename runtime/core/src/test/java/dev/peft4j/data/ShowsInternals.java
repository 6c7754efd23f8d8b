package dev.peft4j.data;

import dev.peft4j.log.Log;
import java.util.List;

/** What no class of the public API may do. */
public class ShowsInternals {
  /** Not of the API. */
  protected Log field = Log.of(ShowsInternals.class);

  private final Log hidden = field;

  /** Not of the API either. */
  public List<Log> parameter() {
    return List.of(hidden);
  }
}
