package dev.peft4j.backend.tornado.fuse;

import static dev.peft4j.backend.tornado.kernel.KernelWriter.GET;
import static dev.peft4j.backend.tornado.kernel.KernelWriter.SET;

import dev.peft4j.backend.tornado.kernel.GeneratedKernel;
import dev.peft4j.backend.tornado.kernel.KernelWriter;
import dev.peft4j.backend.tornado.kernel.Places;
import dev.peft4j.graph.Scalar;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * The kernel of an expression: a work item computes one element.
 *
 * @param expression the result from inputs 0 …
 * @param sources for each input the number of the buffer it is read from, -1 being the result's
 * @param places how the inputs are walked; without the innermost loop if {@code rows}
 * @param inner if {@code rows}, a bit for each input that moves along the innermost loop
 * @param rows the grid has the innermost loop along x and all others along y; else all along x
 */
record FusedKernel(Scalar expression, List<Integer> sources, Places places, int inner, boolean rows)
    implements GeneratedKernel {
  private static final ClassDesc ARRAY = FloatArray.class.describeConstable().orElseThrow();

  /** Parameters are the result, the other buffers, the size along x, the sizes of the loops. */
  @Override
  public Object define() {
    KernelWriter w = new KernelWriter(name());
    int out = w.buffer(FloatArray.class);
    int[] buffers = new int[sources.stream().mapToInt(i -> i + 1).max().orElse(0)];
    for (int i = 0; i < buffers.length; i++) {
      buffers[i] = w.buffer(FloatArray.class);
    }
    int[] inputs = sources.stream().mapToInt(i -> i < 0 ? out : buffers[i]).toArray();
    int width = w.number();
    int[] sizes = new int[places.loops()];
    for (int i = 1; i < sizes.length; i++) {
      sizes[i] = w.number();
    }
    return w.define(code -> write(code, out, inputs, width, sizes));
  }

  private void write(CodeBuilder code, int out, int[] inputs, int width, int[] sizes) {
    int x = code.allocateLocal(TypeKind.INT);
    Label beyond = code.newLabel();
    KernelWriter.globalId(code, 'x');
    code.istore(x);
    code.iload(x).iload(width).if_icmpge(beyond);
    int position = x;
    if (rows) {
      position = code.allocateLocal(TypeKind.INT);
      KernelWriter.globalId(code, 'y');
      code.istore(position);
    }
    int[] at = places.write(code, position, sizes);
    int[] values = new int[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      code.aload(inputs[i]);
      index(code, at[i], x, width, (inner >> i & 1) == 1);
      values[i] = code.allocateLocal(TypeKind.FLOAT);
      code.invokevirtual(ARRAY, "get", GET).fstore(values[i]);
    }
    int result = new ScalarCode(code, x, values).value(expression);
    code.aload(out);
    index(code, position, x, width, rows);
    code.fload(result).invokevirtual(ARRAY, "set", SET);
    code.labelBinding(beyond);
  }

  /** Pushes an element's index. */
  private static void index(CodeBuilder code, int at, int x, int width, boolean movesAlongX) {
    if (!movesAlongX) {
      if (at < 0) {
        code.iconst_0();
      } else {
        code.iload(at);
      }
    } else if (at < 0) {
      code.iload(x);
    } else {
      code.iload(at).iload(width).imul().iload(x).iadd();
    }
  }

  private String name() {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest((expression + " of " + sources).getBytes(StandardCharsets.UTF_8));
      return "peftFused"
          + HexFormat.of().formatHex(hash, 0, 10)
          + (rows ? "_rows" + Integer.toHexString(inner) : "_")
          + places.label();
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java has SHA-256", e);
    }
  }
}
