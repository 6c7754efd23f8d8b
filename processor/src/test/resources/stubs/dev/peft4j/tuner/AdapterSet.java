package dev.peft4j.tuner;

import dev.peft4j.nn.Adaptable;
import dev.peft4j.nn.Linear;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.TransposedLinear;
import dev.peft4j.target.TargetMatcher;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A stand-in for the runtime's: writes down the calls, and checks each against the model itself.
 */
public final class AdapterSet {
  public final List<String> log = new ArrayList<>();
  public final Map<String, Attachment> attachments = new LinkedHashMap<>();
  private final Module root;

  private AdapterSet(Module root) {
    this.root = root;
  }

  public static AdapterSet freezing(Module root) {
    return new AdapterSet(root);
  }

  public Attachment add(String name, PeftConfig config) {
    log.add("add " + name + " " + config);
    Attachment attachment = new Recorder(new TargetMatcher(config.targets()));
    if (attachments.put(name, attachment) != null) {
      throw new IllegalArgumentException("adapter " + name + " is there already");
    }
    return attachment;
  }

  private final class Recorder implements Attachment {
    private final TargetMatcher matcher;
    private final List<String> done = new ArrayList<>();

    Recorder(TargetMatcher matcher) {
      this.matcher = matcher;
    }

    @Override
    public void attach(String path, Module layer) {
      record("attach " + path, path, layer);
    }

    @Override
    public void save(String path, Module module) {
      record("save " + path, path, module);
    }

    private void record(String what, String path, Module module) {
      if (module == null) {
        throw new IllegalArgumentException(path + " is null");
      }
      if (root.namedModules().get(path) != module) {
        throw new IllegalArgumentException(
            path + " is another module in the model: " + root.namedModules());
      }
      done.add(what);
      log.add(what);
    }

    @Override
    public void attachMatching(String path, Module module) {
      log.add("search " + path);
      for (String what : expected()) {
        String found = what.substring(what.indexOf(' ') + 1);
        if (path.isEmpty() || found.equals(path) || found.startsWith(path + ".")) {
          record(what, found, root.namedModules().get(found));
        }
      }
    }

    @Override
    public List<String> expected() {
      List<String> all = new ArrayList<>();
      root.namedModules()
          .forEach(
              (path, module) -> {
                if (path.isEmpty()
                    || all.stream().anyMatch(w -> path.startsWith(w.replace("save ", "") + "."))) {
                  return;
                }
                if (matcher.saves(path)) {
                  all.add("save " + path);
                } else if (matcher
                    .match(
                        path,
                        (module instanceof Linear || module instanceof TransposedLinear)
                            && !module.outputHead())
                    .targeted()) {
                  if (!(module instanceof Adaptable)) {
                    throw new IllegalArgumentException(path + " takes no adapter");
                  }
                  all.add("attach " + path);
                }
              });
      return all;
    }

    @Override
    public List<String> done() {
      return done;
    }

    @Override
    public void publish() {
      log.add("publish");
    }

    @Override
    public void finish() {
      log.add("finish");
      if (!matcher
          .unmatched(done.stream().map(w -> w.substring(w.indexOf(' ') + 1)).toList())
          .isEmpty()) {
        throw new IllegalStateException("unmatched " + matcher.spec().targets());
      }
      for (String what : expected()) {
        if (!done.contains(what)) {
          log.add("late " + what);
        }
      }
    }
  }
}
