package dev.peft4j.processor;

/**
 * The place of a problem in the annotations of a class.
 *
 * @param adapter which {@code @Peft}, in the order written; -1 for the class itself
 * @param member the member's name; empty for the annotation as a whole
 * @param index the element of the member's array; -1 for the member as a whole
 * @param inner the member of the nested annotation there; empty if there is none
 */
record Site(int adapter, String member, int index, String inner) {

  static final Site CLASS = new Site(-1, "", -1, "");

  static Site annotation(int adapter) {
    return new Site(adapter, "", -1, "");
  }

  static Site member(int adapter, String member) {
    return new Site(adapter, member, -1, "");
  }

  static Site element(int adapter, String member, int index) {
    return new Site(adapter, member, index, "");
  }
}
