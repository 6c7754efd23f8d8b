package dev.peft4j.backend.tornado.kernel;

import dev.peft4j.backend.cublas.Gemm;
import java.util.List;
import uk.ac.manchester.tornado.api.common.Access;
import uk.ac.manchester.tornado.api.common.LibraryTaskDescriptor;

/**
 * Products that a library of the device's manufacturer computes, in the place of a kernel's code.
 * Numbers are among the arguments of a {@link KernelCall} by their places.
 *
 * @param library its name, under which who runs it is entered
 * @param products the calls, one after another
 * @param a the place of the left operand among the call's buffers
 * @param b that of the right one; the same place if both are one buffer
 * @param c that of the result
 * @param bias that of the bias, -1 if there is none
 */
public record LibraryCall(String library, List<Gemm> products, int a, int b, int c, int bias) {
  /** The task, whose parameters are these buffers. */
  LibraryTaskDescriptor task(Object[] buffers) {
    Access[] access = new Access[buffers.length];
    for (int i = 0; i < access.length; i++) {
      access[i] = Access.READ_ONLY;
    }
    access[c] =
        products.stream().anyMatch(Gemm::accumulate) ? Access.READ_WRITE : Access.WRITE_ONLY;
    return new LibraryTaskDescriptor()
        .withLibrary(library)
        .withFunction("products")
        .withParameters(buffers)
        .withAccess(access)
        .withTuning(this);
  }
}
