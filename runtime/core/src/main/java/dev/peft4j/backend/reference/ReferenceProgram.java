package dev.peft4j.backend.reference;

import dev.peft4j.backend.Backend;
import dev.peft4j.data.Storage;
import dev.peft4j.graph.Program;
import java.util.Objects;

/** Runs the steps one after another; every value has memory of its own for the whole run. */
final class ReferenceProgram implements Backend.Executable {
  private final Program program;

  ReferenceProgram(Program program) {
    this.program = program;
  }

  @Override
  public void run(Storage[] inputs, Storage[] outputs, Runnable gate) {
    Values[] values = new Values[program.values()];
    for (int i = 0; i < program.inputs(); i++) {
      values[i] = Values.of(inputs[i], program.shape(i));
    }
    for (Program.Step step : program.steps()) {
      Values[] in = new Values[step.inputs().length];
      for (int i = 0; i < in.length; i++) {
        in[i] = values[step.inputs()[i]];
      }
      Values out = Values.zeros(program.shape(step.output()), program.dtype(step.output()));
      Objects.requireNonNull(ReferenceBackend.kernel(step.op())).run(in, out);
      values[step.output()] = out;
    }
    write(values, outputs, false);
    gate.run();
    write(values, outputs, true);
  }

  private void write(Values[] values, Storage[] outputs, boolean targets) {
    for (int r = 0; r < outputs.length; r++) {
      if (program.targets()[r] >= 0 == targets) {
        values[program.outputs()[r]].writeTo(outputs[r]);
      }
    }
  }
}
