package dev.peft4j.processor;

import dev.peft4j.processor.Node.Access;
import java.util.List;

/** A piece of the method that attaches an adapter. */
sealed interface Step {

  /** The adapter is attached to a layer. */
  record Attach(Path path, Value module) implements Step {}

  /** A module is trained in full. */
  record Save(Path path, Value module) implements Step {}

  /**
   * The run time looks for targets in a module and below it.
   *
   * @param variable the variable for it as a module if its type does not say that it is one; else
   *     empty
   */
  record Search(Path path, Value module, String variable) implements Step {}

  /**
   * A loop over the elements of a list.
   *
   * @param index the variable for the index
   * @param element the variable for the element; empty if the steps do not use one
   */
  record EachOfList(Value list, String index, String element, List<Step> steps) implements Step {
    public EachOfList {
      steps = List.copyOf(steps);
    }
  }

  /**
   * A loop over the entries of a map.
   *
   * @param entry the variable for the entry
   * @param element the variable for its value; empty if the steps do not use one
   */
  record EachOfMap(Value map, String entry, String element, List<Step> steps) implements Step {
    public EachOfMap {
      steps = List.copyOf(steps);
    }
  }

  /** Steps for some indices or keys only. */
  record When(Condition condition, List<Step> steps) implements Step {
    public When {
      steps = List.copyOf(steps);
    }
  }

  /** Steps for an optional module, if it is not null. */
  record IfPresent(Value value, List<Step> steps) implements Step {
    public IfPresent {
      steps = List.copyOf(steps);
    }
  }

  /**
   * A choice of indices or keys.
   *
   * @param variable the code for the index or the key
   * @param keys whether it is a key
   * @param values which
   * @param except whether all but those are meant
   */
  record Condition(String variable, boolean keys, List<String> values, boolean except) {
    public Condition {
      values = List.copyOf(values);
    }
  }

  /** A path in checkpoints, of which some parts are variables. */
  record Path(List<Part> parts) {
    public Path {
      parts = List.copyOf(parts);
    }
  }

  /**
   * A segment of a path.
   *
   * @param variable whether the text is code and not the segment itself
   */
  record Part(String text, boolean variable) {}

  /** A way to get at a value. */
  sealed interface Value {}

  /** A variable. */
  record Variable(String name) implements Value {}

  /** A value that is read from another one. */
  record Read(Value from, Access access) implements Value {}

  /** An element of a list. */
  record ElementOf(Value list, String index) implements Value {}

  /** The value of an entry of a map. */
  record ValueOf(String entry) implements Value {}
}
