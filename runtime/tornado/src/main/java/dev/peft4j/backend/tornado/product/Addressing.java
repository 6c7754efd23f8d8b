package dev.peft4j.backend.tornado.product;

import dev.peft4j.backend.tornado.kernel.KernelWriter;
import dev.peft4j.backend.tornado.kernel.Places;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;

/** The places of a product's matrices in their buffers, as code of a kernel. */
sealed interface Addressing {
  /**
   * Local variables of a kernel.
   *
   * @param numberB number of the matrix of b, or -1 where there is only one
   * @param startA where the matrix begins, in elements
   * @param rowA from one stored row of it to the next
   * @param startB likewise of b
   * @param rowB likewise of b
   * @param startC likewise of c
   * @param rowC likewise of c
   */
  record Matrices(int numberB, int startA, int rowA, int startB, int rowB, int startC, int rowC) {}

  /** A part of a kernel's name. */
  String label();

  /** Adds the kernel's numbers; their local variables. */
  int[] declare(KernelWriter w);

  /**
   * Writes the code for matrix {@code z} of the grid.
   *
   * @param sizes local variables with m, n and k
   * @param numbers those of {@link #declare}
   */
  Matrices write(
      CodeBuilder code, int z, int[] sizes, boolean transposeA, boolean transposeB, int[] numbers);

  /** Matrices one after another, those of a and b repeated where they broadcast. */
  record Batched(Places places) implements Addressing {
    @Override
    public String label() {
      return places.label();
    }

    @Override
    public int[] declare(KernelWriter w) {
      int[] loops = new int[places.loops()];
      for (int i = 0; i < loops.length; i++) {
        loops[i] = w.number();
      }
      return loops;
    }

    @Override
    public Matrices write(
        CodeBuilder code,
        int z,
        int[] sizes,
        boolean transposeA,
        boolean transposeB,
        int[] numbers) {
      int m = sizes[0];
      int n = sizes[1];
      int k = sizes[2];
      int[] at = places.write(code, z, numbers);
      return new Matrices(
          at[1],
          start(code, at[0], m, k),
          transposeA ? m : k,
          start(code, at[1], n, k),
          transposeB ? k : n,
          start(code, z, m, n),
          n);
    }

    private static int start(CodeBuilder code, int number, int rows, int columns) {
      int start = code.allocateLocal(TypeKind.INT);
      if (number < 0) {
        code.iconst_0();
      } else {
        code.iload(number).iload(rows).imul().iload(columns).imul();
      }
      code.istore(start);
      return start;
    }
  }

  /** The heads of attention, which lie side by side in the rows of a batch of matrices. */
  record Headed() implements Addressing {
    @Override
    public String label() {
      return "heads";
    }

    @Override
    public int[] declare(KernelWriter w) {
      int[] numbers = new int[HeadProduct.NUMBERS];
      for (int i = 0; i < numbers.length; i++) {
        numbers[i] = w.number();
      }
      return numbers;
    }

    @Override
    public Matrices write(
        CodeBuilder code,
        int z,
        int[] sizes,
        boolean transposeA,
        boolean transposeB,
        int[] numbers) {
      int batch = code.allocateLocal(TypeKind.INT);
      code.iload(z).iload(numbers[0]).idiv().istore(batch);
      int head = code.allocateLocal(TypeKind.INT);
      code.iload(z).iload(numbers[0]).irem().istore(head);
      int headB = code.allocateLocal(TypeKind.INT);
      code.iload(head).iload(numbers[1]).idiv().istore(headB);
      int startA = start(code, batch, head, numbers[2], numbers[3], -1);
      int startB = start(code, batch, headB, numbers[5], numbers[6], -1);
      int startC = start(code, batch, head, numbers[8], numbers[9], numbers[11]);
      return new Matrices(-1, startA, numbers[4], startB, numbers[7], startC, numbers[10]);
    }

    private static int start(
        CodeBuilder code, int batch, int head, int ofBatch, int ofHead, int first) {
      int start = code.allocateLocal(TypeKind.INT);
      code.iload(batch).iload(ofBatch).imul();
      code.iload(head).iload(ofHead).imul().iadd();
      if (first >= 0) {
        code.iload(first).iadd();
      }
      code.istore(start);
      return start;
    }
  }
}
