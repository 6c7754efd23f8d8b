package dev.peft4j.backend.cpu;

import com.google.auto.service.AutoService;
import dev.peft4j.Peft4jException;
import dev.peft4j.backend.Backend;
import dev.peft4j.backend.CacheFigures;
import dev.peft4j.backend.ProgramCache;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import java.util.function.Function;

/**
 * The backend of the processor's cores: products through OpenBLAS and oneDNN, everything else in
 * Java loops, over off-heap memory that is planned once and reused at each step.
 */
@AutoService(Backend.class)
public final class CpuBackend implements Backend {
  private final ProgramCache programs = new ProgramCache(this);
  private final PackedWeights weights = new PackedWeights();
  private final Workspace workspace = new Workspace();
  private final Function<Kernel.Site, Kernel> kernels;
  private final boolean checked;

  /**
   * Creates a backend; for {@link java.util.ServiceLoader}. Starts to load the native libraries in
   * the background, since that takes a while.
   */
  public CpuBackend() {
    this(Kernels::make, MemoryCheck.WANTED);
  }

  /**
   * Creates a backend whose kernels {@code kernels} makes; if {@code checked}, what each kernel has
   * written is checked.
   */
  CpuBackend(Function<Kernel.Site, Kernel> kernels, boolean checked) {
    this.kernels = kernels;
    this.checked = checked;
    Thread.ofPlatform().name("peft4j-load-libraries").daemon().start(CpuBackend::loadLibraries);
  }

  private static void loadLibraries() {
    try {
      Blas.requireLibrary();
      OneDnn.available();
    } catch (Peft4jException e) {
      // the first product gives the same message
    }
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public int priority() {
    return 100;
  }

  @Override
  public int threads() {
    return Workers.shared().size();
  }

  @Override
  public boolean supports(Op op) {
    return Kernels.supports(op);
  }

  @Override
  public boolean reads(Op op, int i, Encoding encoding, Shape[] inputs) {
    return Kernels.reads(op, i, encoding, inputs);
  }

  @Override
  public Executable compile(Program program) {
    return new CpuProgram(program, new Resources(workspace, weights), kernels, checked);
  }

  /**
   * What all programs of a backend share.
   *
   * @param workspace the memory that they compute in
   * @param weights frozen weights in layouts of oneDNN's
   */
  record Resources(Workspace workspace, PackedWeights weights) {}

  @Override
  public ProgramCache programs() {
    return programs;
  }

  /** Returns the frozen weights in layouts of oneDNN's. */
  PackedWeights weights() {
    return weights;
  }

  @Override
  public CacheFigures cacheFigures() {
    return new CacheFigures(programs.size(), programs.compilations(), 0, weights.bytes());
  }

  @Override
  public void close() {
    programs.close();
    weights.close();
    workspace.close();
  }
}
