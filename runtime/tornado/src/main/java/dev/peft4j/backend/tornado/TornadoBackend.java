package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Backend;
import dev.peft4j.backend.tornado.product.MatrixProduct;
import dev.peft4j.data.Shape;
import dev.peft4j.graph.Op;
import dev.peft4j.graph.Program;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/**
 * Runs programs on one device of TornadoVM. One program runs at a time, whatever the number of
 * threads: the device is one.
 */
public final class TornadoBackend implements Backend {
  /** Measures what runs on the device; it slows execution and is for tests. */
  static final boolean PROFILE = Boolean.getBoolean("peft4j.tornado.profile");

  private final TornadoDevice device;
  private final String name;
  private final MatrixProduct products;
  private final CompiledKernels kernels;
  private final HostMemory memory = new HostMemory();
  private final ReentrantLock lock = new ReentrantLock();

  /** Programs that hold buffers on the device, the one that ran last at the end. */
  private final Deque<TornadoProgram> resident = new ArrayDeque<>();

  TornadoBackend(TornadoDevice device, String name) {
    this.device = device;
    this.name = name;
    this.products = MatrixProduct.forDevice(device.getDeviceType());
    this.kernels = new CompiledKernels(device);
  }

  @Override
  public String name() {
    return name;
  }

  /** Never the default unless it is asked for: it needs an installed TornadoVM. */
  @Override
  public int priority() {
    return -1;
  }

  @Override
  public boolean supports(Op op) {
    return DeviceLowering.supports(op);
  }

  @Override
  public boolean readsHalf(Op op, int i, Shape[] inputs) {
    return DeviceLowering.readsHalf(op, i);
  }

  @Override
  public Executable compile(Program program) {
    return new TornadoProgram(program, this);
  }

  TornadoDevice device() {
    return device;
  }

  MatrixProduct products() {
    return products;
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
   * Makes room for a program's buffers: the programs that have not run for longest give theirs
   * back.
   *
   * @throws DeviceException if there is not enough memory even then
   */
  void makeRoom(TornadoProgram program, Buffers buffers) {
    long total = device.getPhysicalDevice().getDeviceGlobalMemorySize();
    long most = device.getPhysicalDevice().getDeviceMaxAllocationSize();
    long needed = buffers.bytes();
    long used = resident.stream().mapToLong(TornadoProgram::bytes).sum();
    while (used + needed > total * 9 / 10 && !resident.isEmpty()) {
      TornadoProgram oldest = resident.removeFirst();
      used -= oldest.bytes();
      oldest.release();
    }
    var largest = buffers.largest();
    if (used + needed > total * 9 / 10 || largest.getValue() > most) {
      throw new DeviceException(
          "out of device memory on "
              + device.getPhysicalDevice().getDeviceName().strip()
              + ": the program needs "
              + (needed >> 20)
              + " MiB, its largest tensor "
              + largest.getKey()
              + " "
              + (largest.getValue() >> 20)
              + " MiB; free are "
              + ((total * 9 / 10 - used) >> 20)
              + " MiB of "
              + (total >> 20)
              + ", "
              + (most >> 20)
              + " in one piece",
          null);
    }
    resident.addLast(program);
  }

  /** Says that a program has just run. */
  void touched(TornadoProgram program) {
    if (resident.peekLast() != program) {
      resident.remove(program);
      resident.addLast(program);
    }
  }

  /** Says that a program holds nothing on the device any more. */
  void released(TornadoProgram program) {
    resident.remove(program);
  }

  /** Number of programs that hold memory of the device. */
  int residents() {
    return resident.size();
  }
}
