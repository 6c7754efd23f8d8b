package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.CacheFigures;
import dev.peft4j.backend.MemoryEstimate;
import dev.peft4j.backend.ProgramCache;
import dev.peft4j.backend.tornado.product.MatrixProduct;
import dev.peft4j.data.Encoding;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * The backend of one TornadoVM device. One program runs at a time, whatever the number of threads,
 * since there is one device.
 */
public final class TornadoBackend implements Backend {
  private final TornadoDevice device;
  private final String name;
  private final long usable;
  private final MatrixProduct products;
  private final boolean recordsGraphs;
  private final CompiledKernels kernels;
  private final ProgramCache programs = new ProgramCache(this);
  private final HostMemory memory = new HostMemory();
  private final ReentrantLock lock = new ReentrantLock();

  /** Programs that hold buffers on the device, the one that ran last at the end. */
  private final Deque<TornadoProgram> resident = new ArrayDeque<>();

  TornadoBackend(TornadoDevice device, String name, MatrixProduct products, FreeMemory free) {
    this(device, name, products, free.usable());
  }

  /**
   * Creates a backend that uses a part of the device's memory.
   *
   * @param usable bytes that programs may take
   */
  TornadoBackend(TornadoDevice device, String name, long usable) {
    this(device, name, MatrixProduct.forDevice(device.getDeviceType()), usable);
  }

  /**
   * Creates a backend.
   *
   * @param products what multiplies matrices
   * @param usable bytes that programs may take
   */
  TornadoBackend(TornadoDevice device, String name, MatrixProduct products, long usable) {
    this.usable = usable;
    this.device = device;
    this.name = name;
    this.products = products;
    this.recordsGraphs = CudaGraphs.of(device);
    this.kernels = new CompiledKernels(device);
  }

  @Override
  public String name() {
    return name;
  }

  /** Returns a low priority: it is used only if it is asked for, as it needs TornadoVM. */
  @Override
  public int priority() {
    return -1;
  }

  @Override
  public boolean supports(Op op) {
    return DeviceRules.supports(op);
  }

  @Override
  public boolean reads(Op op, int i, Encoding encoding, Shape[] inputs) {
    return DeviceLowering.reads(op, i, encoding);
  }

  @Override
  public Executable compile(Program program) {
    return new TornadoProgram(program, this);
  }

  @Override
  public ProgramCache programs() {
    return programs;
  }

  @Override
  public CacheFigures cacheFigures() {
    lock.lock();
    try {
      return new CacheFigures(
          programs.size(), programs.compilations(), kernels.size(), memory.bytes());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    programs.close();
    lock.lock();
    try {
      kernels.close();
      memory.close();
    } finally {
      lock.unlock();
    }
  }

  TornadoDevice device() {
    return device;
  }

  MatrixProduct products() {
    return products;
  }

  /** True if task graphs are recorded as CUDA graphs. */
  boolean recordsGraphs() {
    return recordsGraphs;
  }

  CompiledKernels kernels() {
    return kernels;
  }

  HostMemory memory() {
    return memory;
  }

  ReentrantLock lock() {
    return lock;
  }

  /**
   * Makes room for a program's buffers: the programs that have not run for longest free theirs.
   *
   * @throws DeviceMemoryException if there is not enough memory even then
   */
  void makeRoom(TornadoProgram program, Buffers buffers) {
    requirePossible(buffers);
    long needed = buffers.bytes();
    long used = used();
    while (used + needed > usable && !resident.isEmpty()) {
      TornadoProgram oldest = resident.removeFirst();
      used -= oldest.bytes();
      oldest.release();
    }
    resident.addLast(program);
  }

  /** Bytes that programs hold on the device. */
  long used() {
    return resident.stream().mapToLong(TornadoProgram::bytes).sum();
  }

  /**
   * Checks that the buffers made so far could be on the device, if nothing else were.
   *
   * @throws DeviceMemoryException if they could not
   */
  void requirePossible(Buffers buffers) {
    long most = device.getPhysicalDevice().getDeviceMaxAllocationSize();
    if (buffers.bytes() > usable || buffers.largestBytes() > most) {
      throw doesNotFit(buffers.estimate(), null);
    }
  }

  /**
   * Checks that a program could be on the device, before anything is made for it.
   *
   * @throws DeviceMemoryException if it could not
   */
  void requirePossible(Program program) {
    MemoryEstimate estimate = MemoryEstimate.of(program);
    if (estimate.bytes() > usable) {
      throw doesNotFit(estimate, null);
    }
  }

  /** The exception for a program that the device has too little memory for. */
  DeviceMemoryException doesNotFit(MemoryEstimate estimate, @Nullable Throwable cause) {
    long most = device.getPhysicalDevice().getDeviceMaxAllocationSize();
    return new DeviceMemoryException(
        estimate.doesNotFit(
            device.getPhysicalDevice().getDeviceName().strip(), usable, Math.min(most, usable)),
        cause);
  }

  /** Notes that a program has just run. */
  void touched(TornadoProgram program) {
    if (resident.peekLast() != program) {
      resident.remove(program);
      resident.addLast(program);
    }
  }

  /** Notes that a program no longer holds anything on the device. */
  void released(TornadoProgram program) {
    resident.remove(program);
  }

  /** Number of programs that hold memory of the device. */
  int residents() {
    return resident.size();
  }
}
