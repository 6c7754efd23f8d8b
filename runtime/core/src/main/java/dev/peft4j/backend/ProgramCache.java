package dev.peft4j.backend;

import dev.peft4j.graph.Program;
import dev.peft4j.graph.Trace;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The compiled programs of one backend, by structure. At most {@link #MAX_PROGRAMS} are kept: the
 * least recently used one is dropped first. A program is compiled by the thread that needs it
 * first, outside of any lock: threads that need another program do not wait, those that need the
 * same one do.
 */
public final class ProgramCache implements AutoCloseable {
  /** The largest number of programs kept; a program holds no data, only its kernels. */
  public static final int MAX_PROGRAMS = 256;

  private final Backend backend;
  private final int max;
  private final LinkedHashMap<Integer, List<Entry>> entries = new LinkedHashMap<>(16, 0.75f, true);
  private int size;
  private long compilations;

  /** Creates an empty cache of a backend's programs. */
  public ProgramCache(Backend backend) {
    this(backend, MAX_PROGRAMS);
  }

  ProgramCache(Backend backend, int max) {
    this.backend = backend;
    this.max = max;
  }

  /** A program that is compiled or about to be. */
  private static final class Entry {
    final Trace.Key key;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile Backend.@Nullable Executable executable;
    private boolean dropped;

    Entry(Trace.Key key) {
      this.key = key;
    }

    /** Ends the wait of others; {@code compiled} is null if it could not be compiled. */
    void done(Backend.@Nullable Executable compiled) {
      boolean late;
      synchronized (this) {
        executable = compiled;
        late = dropped;
      }
      done.countDown();
      if (late && compiled != null) {
        compiled.close();
      }
    }

    /** The program, or null if it could not be compiled. */
    Backend.@Nullable Executable get() {
      Backend.Executable ready = executable;
      if (ready != null) {
        return ready;
      }
      boolean interrupted = false;
      while (true) {
        try {
          done.await();
          break;
        } catch (InterruptedException _) {
          interrupted = true; // a computation is not broken off
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      return executable;
    }

    void drop() {
      Backend.Executable ready;
      synchronized (this) {
        dropped = true;
        ready = executable;
      }
      if (ready != null) {
        ready.close();
      }
    }
  }

  /** Returns the program of a trace, compiled if it is not there. */
  Backend.Executable get(Trace trace) {
    while (true) {
      Entry mine = null;
      Entry entry;
      List<Entry> dropped = List.of();
      synchronized (entries) {
        entry = find(trace);
        if (entry == null) {
          mine = new Entry(trace.key());
          entry = mine;
          entries.computeIfAbsent(trace.structureHash(), h -> new ArrayList<>(1)).add(mine);
          size++;
          dropped = dropOldest();
        }
      }
      dropped.forEach(Entry::drop);
      if (mine != null) {
        return compile(trace, mine);
      }
      Backend.Executable executable = entry.get();
      if (executable != null) {
        return executable;
      }
    }
  }

  private @Nullable Entry find(Trace trace) {
    List<Entry> same = entries.get(trace.structureHash());
    if (same != null) {
      for (Entry e : same) {
        if (trace.matches(e.key)) {
          return e;
        }
      }
    }
    return null;
  }

  private List<Entry> dropOldest() {
    List<Entry> dropped = new ArrayList<>(0);
    Iterator<List<Entry>> oldest = entries.values().iterator();
    while (size > max) {
      List<Entry> some = oldest.next();
      size -= some.size();
      oldest.remove();
      dropped.addAll(some);
    }
    return dropped;
  }

  private Backend.Executable compile(Trace trace, Entry entry) {
    Backend.Executable compiled = null;
    try {
      compiled = backend.compile(Program.of(trace, backend));
      return compiled;
    } finally {
      synchronized (entries) {
        compilations++;
        if (compiled == null) {
          remove(trace.structureHash(), entry);
        }
      }
      entry.done(compiled);
    }
  }

  private void remove(int hash, Entry entry) {
    List<Entry> same = entries.get(hash);
    if (same != null && same.remove(entry)) {
      size--;
      if (same.isEmpty()) {
        entries.remove(hash);
      }
    }
  }

  /** Returns the number of programs that are kept. */
  public int size() {
    synchronized (entries) {
      return size;
    }
  }

  /** Returns how many programs were compiled since the cache was made. */
  public long compilations() {
    synchronized (entries) {
      return compilations;
    }
  }

  /** Drops all programs. The cache may be used again; it compiles what it is asked for then. */
  @Override
  public void close() {
    List<Entry> all = new ArrayList<>();
    synchronized (entries) {
      entries.values().forEach(all::addAll);
      entries.clear();
      size = 0;
    }
    all.forEach(Entry::drop);
  }
}
