package dev.peft4j.generate;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;

/**
 * Sessions for a server that gets whole conversations with each call and does not know which of
 * them go on: a call continues the session whose text its prompt begins with most, so that a common
 * beginning is computed once. Results are those of a call by itself. For many threads.
 *
 * <p>What is kept between calls is bounded: the sessions that were used longest ago are forgotten.
 */
public final class SessionCache {
  /** Forgetting more tokens than these of a session would be forgetting another conversation. */
  private static final int OTHERS = 16;

  private final Generator generator;
  private final long maxBytes;

  /** Sessions that no call uses now; the one that was used last is the first. */
  private final Deque<GenerationSession> idle = new ArrayDeque<>();

  private long reused;

  /**
   * Creates a cache without sessions.
   *
   * @param maxBytes the most memory of keys and values that is kept between calls; 0 keeps nothing
   * @throws IllegalArgumentException if it is negative
   */
  public SessionCache(Generator generator, long maxBytes) {
    if (maxBytes < 0) {
      throw new IllegalArgumentException(
          "SessionCache: at most " + maxBytes + " bytes are kept, needed 0 or more");
    }
    this.generator = generator;
    this.maxBytes = maxBytes;
  }

  /**
   * Continues a prompt: the whole text, not only what is new in it.
   *
   * @throws IllegalArgumentException as {@link Generator#run} does
   */
  public GenerationResult generate(GenerationRequest request, GenerationListener listener) {
    GenerationConfig config = request.config();
    if (maxBytes == 0 || config.numBeams() > 1 || config.numReturnSequences() > 1) {
      return generator.run(List.of(request), listener);
    }
    GenerationSession session = take(request);
    GenerationResult result = session.generate(request, listener);
    giveBack(session);
    return result;
  }

  /** The session that goes on with a request, which no other call gets meanwhile. */
  private GenerationSession take(GenerationRequest request) {
    synchronized (idle) {
      GenerationSession best = null;
      int most = 0;
      for (GenerationSession s : idle) {
        int common = s.common(request);
        if (common > most) {
          best = s;
          most = common;
        }
      }
      if (best == null) {
        return new GenerationSession(generator);
      }
      if (best.length() - most > OTHERS) {
        return best.branch(most);
      }
      idle.remove(best);
      return best;
    }
  }

  private void giveBack(GenerationSession session) {
    synchronized (idle) {
      reused += session.reused();
      idle.addFirst(session);
      long bytes = 0;
      for (Iterator<GenerationSession> all = idle.iterator(); all.hasNext(); ) {
        bytes += all.next().bytes();
        if (bytes > maxBytes) {
          all.remove();
        }
      }
    }
  }

  /** Returns the bytes of keys and values that are kept now. */
  public long bytes() {
    synchronized (idle) {
      return idle.stream().mapToLong(GenerationSession::bytes).sum();
    }
  }

  /** Returns the number of sessions that are kept now. */
  public int sessions() {
    synchronized (idle) {
      return idle.size();
    }
  }

  /** Returns how many tokens of prompts were not computed again, over all calls. */
  public long reused() {
    synchronized (idle) {
      return reused;
    }
  }

  /** Forgets all sessions that no call uses now. */
  public void clear() {
    List<GenerationSession> all;
    synchronized (idle) {
      all = new ArrayList<>(idle);
      idle.clear();
    }
    all.forEach(GenerationSession::clear);
  }
}
