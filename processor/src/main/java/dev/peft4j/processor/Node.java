package dev.peft4j.processor;

import java.util.List;
import javax.lang.model.element.Element;
import javax.lang.model.type.TypeMirror;
import org.jspecify.annotations.Nullable;

/**
 * A module of the model, or something that holds modules, as far as the types tell.
 *
 * @param name its segment of the path in checkpoints; {@link #ELEMENT} for what is in a list or a
 *     map, empty for the model itself
 * @param kind what it is
 * @param type its class's name, for messages
 * @param field the field that it is in, such as {@code Block.qProj}, for messages; empty for
 *     elements
 * @param access how the generated class gets at it from what holds it
 * @param linear whether it is a Linear
 * @param layer what kind of layer it is for adapters
 * @param opaque whether there may be more in it than its type tells, so that it is searched at run
 *     time
 * @param described whether its class says what is in it all the same
 * @param certain whether its type says that it is a module; the value of an interface's field need
 *     not be one
 * @param outputHead whether all-linear leaves it out
 * @param optional whether it may be null
 * @param children what it holds, in order; of a list or a map its element
 */
record Node(
    String name,
    Kind kind,
    String type,
    String field,
    Access access,
    boolean linear,
    LayerTypes layer,
    boolean opaque,
    boolean described,
    boolean certain,
    boolean outputHead,
    boolean optional,
    List<Node> children) {

  static final String ELEMENT = "*";

  Node {
    children = List.copyOf(children);
  }

  /** The kinds of nodes. */
  enum Kind {
    MODULE,
    RECORD,
    LIST,
    MAP;

    boolean dynamic() {
      return this == LIST || this == MAP;
    }
  }

  /**
   * A step from a value to one that it holds.
   *
   * @param how by a field, by a method, as an element, or not at all
   * @param name the field's or the method's name
   * @param cast what the value has to be cast to first, if the field would not be found otherwise
   * @param member the field or the method; null for elements
   * @param obstacle why it cannot be reached; empty if it can
   * @param fix what to do about it
   */
  record Access(
      How how,
      String name,
      @Nullable TypeMirror cast,
      @Nullable Element member,
      String obstacle,
      String fix) {

    static final Access ELEMENT = new Access(How.ELEMENT, "", null, null, "", "");
    static final Access ROOT = ELEMENT;

    static Access field(Element field, @Nullable TypeMirror cast) {
      return new Access(How.FIELD, field.getSimpleName().toString(), cast, field, "", "");
    }

    static Access method(Element method) {
      return new Access(How.METHOD, method.getSimpleName().toString(), null, method, "", "");
    }

    static Access none(String obstacle, String fix) {
      return new Access(How.NONE, "", null, null, obstacle, fix);
    }

    boolean possible() {
      return how != How.NONE;
    }
  }

  /** The ways of a step. */
  enum How {
    FIELD,
    METHOD,
    ELEMENT,
    NONE
  }
}
