package dev.peft4j.samples.golden;

import dev.peft4j.io.SafeTensors;
import dev.peft4j.nn.NamedParameter;
import dev.peft4j.optim.AdamW;
import dev.peft4j.tensor.Tensor;
import dev.peft4j.tuner.PeftModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * The steps of a schedule such as AdaLoRA's or AdaMSS's, which {@code sched.*} holds: each step's
 * loss, the values or the trained parameters after it, and all parameters at the end.
 */
final class ScheduleRun {
  private static final String PREFIX = "sched.";

  private final PeftModel model;
  private final SafeTensors io;
  private final Difference difference;
  private final List<String> wrong = new ArrayList<>();

  ScheduleRun(PeftModel model, SafeTensors io, Difference difference) {
    this.model = model;
    this.io = io;
    this.difference = difference;
  }

  /** Returns whether a case has a schedule. */
  static boolean isIn(SafeTensors io) {
    return io.names().stream().anyMatch(n -> n.startsWith(PREFIX));
  }

  /**
   * Trains as long as the case says, and returns what is wrong besides numbers.
   *
   * @param loss the loss of a training pass with what adapters add to it
   */
  List<String> run(GoldenCase.Settings s, Supplier<Tensor> loss) throws IOException {
    List<NamedParameter> trained =
        model.namedParameters().stream().filter(p -> p.parameter().trainable()).toList();
    AdamW optimizer =
        AdamW.builder()
            .lr(s.lr())
            .betas(s.beta1(), s.beta2())
            .eps(s.eps())
            .weightDecay(s.weightDecay())
            .build(model.trainableParameters());
    for (int step = 1; has(name(step, "loss")); step++) {
      Tensor l = loss.get();
      l.backward();
      model.step(optimizer);
      compare(name(step, "loss"), l.reshape(1));
      for (NamedParameter p : trained) {
        compare(name(step, p.name()), own(p));
      }
      if (has(name(step, "active"))) {
        compareActive(step, trained);
      }
    }
    for (NamedParameter p : trained) {
      compare("final." + p.name(), own(p));
    }
    return wrong;
  }

  private void compareActive(int step, List<NamedParameter> trained) throws IOException {
    long[] theirs = GoldenCase.tensor(io, PREFIX + name(step, "active")).toLongs();
    for (int i = 0; i < trained.size(); i++) {
      NamedParameter p = trained.get(i);
      if (p.parameter().trainable() != (theirs[i] != 0)) {
        wrong.add(
            "after step "
                + step
                + " "
                + p.name()
                + (theirs[i] == 0 ? " is trained, peft has frozen it" : " is frozen, not in peft"));
      }
    }
  }

  private static Tensor own(NamedParameter p) {
    return Tensor.of(p.parameter().own(), p.parameter().shape());
  }

  private static String name(int step, String what) {
    return String.format(Locale.ROOT, "%02d.%s", step, what);
  }

  private boolean has(String name) {
    return io.contains(PREFIX + name);
  }

  private void compare(String name, Tensor found) throws IOException {
    if (has(name)) {
      difference.add(PREFIX + name, found, GoldenCase.tensor(io, PREFIX + name));
    }
  }
}
