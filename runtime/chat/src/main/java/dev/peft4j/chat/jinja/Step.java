package dev.peft4j.chat.jinja;

/** A statement that is ready to run. */
interface Step {
  int NEXT = 0;
  int BREAK = 1;
  int CONTINUE = 2;

  /** Runs it, and says how it goes on. */
  int run(Frame f, StringBuilder out);

  static Step of(java.util.List<Step> steps) {
    if (steps.size() == 1) {
      return steps.getFirst();
    }
    Step[] all = steps.toArray(new Step[0]);
    return (f, out) -> {
      for (Step s : all) {
        int how = s.run(f, out);
        if (how != NEXT) {
          return how;
        }
      }
      return NEXT;
    };
  }
}
