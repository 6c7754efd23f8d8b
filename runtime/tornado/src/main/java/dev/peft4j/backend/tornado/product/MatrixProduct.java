package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.tornado.kernel.KernelCall;
import org.jspecify.annotations.Nullable;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/**
 * Matrix products in the way that is fastest on one kind of device.
 *
 * <pre>{@code
 * MatrixProduct products = MatrixProduct.forDevice(device.getDeviceType());
 * int packed = products.packedSize(shape, frozen);
 * if (packed > 0) {                       // frozen: in a graph that runs once; else before each product
 *   products.pack(shape, weight, buffer).addTo(graph, grids, "pack");
 *   weight = buffer;
 * }
 * products.multiply(shape, x, weight, bias, y, false).addTo(graph, grids, "product");
 * }</pre>
 */
public interface MatrixProduct {
  /**
   * Returns the products for a device: on CPUs (and FPGAs, whose compilers make pipelines of it) in
   * vector registers, on everything else in tiles of local memory. Where cuBLAS is, {@link
   * LibraryProduct} takes their place.
   */
  static MatrixProduct forDevice(TornadoDeviceType type) {
    return switch (type) {
      case CPU, FPGA -> new VectorProduct();
      default -> new TileProduct();
    };
  }

  /**
   * Returns the number of elements of the packed right operand, or 0 if it is not packed.
   *
   * @param frozen whether the operand never changes, so that packing it costs nothing
   */
  int packedSize(ProductShape shape, boolean frozen);

  /**
   * Returns the call that packs the right operand into the form that {@link #multiply} reads.
   *
   * @param b all matrices of b: as they are
   * @param packed of {@link #packedSize} elements, all of which are written
   */
  KernelCall pack(ProductShape shape, FloatArray b, FloatArray packed);

  /**
   * Returns the call that packs it from codes, which are decoded on the device. Where {@link
   * #packedSize} is 0 (frozen) {@code packed} has the elements of b and gets them in their order.
   *
   * @param b the codes
   * @param codes what decodes them
   */
  KernelCall pack(ProductShape shape, ShortArray b, DeviceCodes codes, FloatArray packed);

  /**
   * Returns the call that computes {@code c = op(a) · op(b)}, plus the bias on each row, plus c if
   * it accumulates.
   *
   * @param a the left operand as it is
   * @param b the right operand, packed if {@link #packedSize} says so
   * @param bias n numbers, or null
   * @param c all of the result; read only if it accumulates
   */
  KernelCall multiply(
      ProductShape shape,
      FloatArray a,
      FloatArray b,
      boolean packed,
      @Nullable FloatArray bias,
      FloatArray c,
      boolean accumulate);

  /**
   * Returns true if right operands that are held as bfloat16 are read as they are, and left ones
   * are rounded to it.
   */
  default boolean reads16Bits() {
    return false;
  }

  /**
   * Returns the call that multiplies by an operand of bfloat16, if {@link #reads16Bits}.
   *
   * @param halves the left operand as bfloat16, two numbers in each element
   * @param b the right operand as it is
   * @param bias n numbers of float32, or null
   */
  default KernelCall multiply(
      ProductShape shape,
      FloatArray halves,
      ShortArray b,
      @Nullable FloatArray bias,
      FloatArray c) {
    throw new IllegalStateException("products of this device read no operands of 16 bits");
  }

  /**
   * Returns the call that computes a product for each head of attention; a and b may be one buffer.
   */
  KernelCall multiply(HeadProduct product, FloatArray a, FloatArray b, FloatArray c);
}
