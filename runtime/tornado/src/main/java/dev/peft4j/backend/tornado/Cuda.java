package dev.peft4j.backend.tornado;

import dev.peft4j.backend.Precision;
import dev.peft4j.backend.cublas.CuBlas;
import dev.peft4j.backend.cublas.CudaDriver;
import dev.peft4j.backend.cublas.CudaLibraries;
import dev.peft4j.backend.cublas.Gemm;
import dev.peft4j.backend.tornado.library.CuBlasTasks;
import dev.peft4j.backend.tornado.product.LibraryProduct;
import dev.peft4j.backend.tornado.product.MatrixProduct;
import dev.peft4j.log.Log;
import java.lang.reflect.InvocationTargetException;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/** What a device has from CUDA's libraries: products by cuBLAS, and their precisions. */
final class Cuda {
  /** System property that turns cuBLAS off ({@code false}); products are the backend's kernels. */
  static final String ENABLED = "peft4j.cublas";

  /** What to do where cuBLAS was not found. */
  static final String HOW =
      "install it (NVIDIA's repository: apt install libcublas-13-0; or pip install"
          + " nvidia-cublas), or name its folder with -D"
          + CudaLibraries.FOLDER
          + "=FOLDER";

  /** The first generation with tensor cores for TF32 and bfloat16: Ampere. */
  private static final int AMPERE = 8;

  private final @Nullable CuBlas blas;
  private final TornadoDeviceType type;
  private final boolean tensorCores;
  private final boolean missing;

  private Cuda(
      @Nullable CuBlas blas, TornadoDeviceType type, boolean tensorCores, boolean missing) {
    this.blas = blas;
    this.type = type;
    this.tensorCores = tensorCores;
    this.missing = missing;
  }

  /** That of a device; nothing for one of another backend. */
  static Cuda of(TornadoDevice device) {
    TornadoDeviceType type = device.getDeviceType();
    if (device.getTornadoVMBackend() != TornadoVMBackendType.CUDA
        || "false".equalsIgnoreCase(System.getProperty(ENABLED))
        || !CuBlasTasks.hasStream(device)) {
      return new Cuda(null, type, false, false);
    }
    CuBlas found = Found.BLAS;
    return new Cuda(found, type, found != null && isFromAmpereOn(device), found == null);
  }

  /** The generation of a GPU, which TornadoVM's device tells. */
  private static boolean isFromAmpereOn(TornadoDevice device) {
    try {
      Object physical = device.getPhysicalDevice();
      var method = physical.getClass().getMethod("getComputeCapability");
      method.setAccessible(true);
      return ((int[]) method.invoke(physical))[0] >= AMPERE;
    } catch (InvocationTargetException e) {
      return false;
    } catch (ReflectiveOperationException | RuntimeException e) {
      return false; // another TornadoVM: only what every GPU has
    }
  }

  /** The library's name and version, or null. */
  @Nullable String library() {
    return blas == null ? null : blas.toString();
  }

  /** The precisions of its products. */
  Set<Precision> precisions() {
    return tensorCores ? EnumSet.allOf(Precision.class) : EnumSet.of(Precision.FLOAT32);
  }

  /** The products of a precision. */
  MatrixProduct products(Precision precision) {
    if (blas != null) {
      return new LibraryProduct(compute(precision));
    }
    if (missing && !Found.SAID.getAndSet(true)) {
      Log.of(Cuda.class)
          .warn("cuBLAS was not found: products are slower by far, and float32 only; " + HOW);
    }
    return MatrixProduct.forDevice(type);
  }

  /** cuBLAS's name of a precision. */
  static Gemm.Compute compute(Precision precision) {
    return switch (precision) {
      case FLOAT32 -> Gemm.Compute.FULL;
      case TF32 -> Gemm.Compute.TF32;
      case BF16 -> Gemm.Compute.BF16;
    };
  }

  /** True if a device of CUDA would multiply faster with cuBLAS, which was not found. */
  boolean isMissing() {
    return missing;
  }

  /** The driver's functions, or null where there is none. */
  static @Nullable CudaDriver driver() {
    return Found.DRIVER;
  }

  /** Looked for when there is a device of CUDA. */
  private static final class Found {
    static final java.util.concurrent.atomic.AtomicBoolean SAID =
        new java.util.concurrent.atomic.AtomicBoolean();
    static final @Nullable CudaDriver DRIVER = new CudaLibraries().driver().orElse(null);
    static final @Nullable CuBlas BLAS = blas(DRIVER);

    private static @Nullable CuBlas blas(@Nullable CudaDriver driver) {
      Optional<CuBlas> blas = driver == null ? Optional.empty() : new CudaLibraries().cublas();
      if (driver != null && blas.isPresent()) {
        CuBlasTasks.register(LibraryProduct.CUBLAS, blas.get(), driver);
      }
      return blas.orElse(null);
    }
  }
}
