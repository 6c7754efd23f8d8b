package dev.peft4j.tuner;

import dev.peft4j.nn.Module;
import java.util.List;

/** A stand-in for the runtime's, which tells what it was told. */
public interface Attachment {
  void attach(String path, Module layer);

  void save(String path, Module module);

  void attachMatching(String path, Module module);

  void publish();

  void finish();

  List<String> expected();

  List<String> done();
}
