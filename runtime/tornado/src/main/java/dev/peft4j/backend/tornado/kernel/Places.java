package dev.peft4j.backend.tornado.kernel;

import dev.peft4j.backend.Strides;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.util.ArrayList;
import java.util.List;

/**
 * The positions of several tensors at one position of the loops over a shape that they broadcast
 * to, as code of a kernel. The sizes of the loops are numbers of the kernel; which tensor moves
 * along which loop is part of the code.
 *
 * @param loops number of loops
 * @param moves for each tensor a bit for each loop, the innermost one being bit 0
 */
public record Places(int loops, List<Integer> moves) {
  /** Returns what the code for {@code strides} depends on. */
  public static Places of(Strides strides) {
    int loops = strides.rank();
    List<Integer> moves = new ArrayList<>();
    for (int[] steps : strides.steps()) {
      int bits = 0;
      for (int i = 0; i < loops; i++) {
        bits |= steps[i] == 0 ? 0 : 1 << (loops - 1 - i);
      }
      moves.add(bits);
    }
    return new Places(loops, moves);
  }

  /** Returns the places without the innermost loop, in elements of that loop's size. */
  public Places withoutInnermost() {
    return new Places(loops - 1, moves.stream().map(bits -> bits >> 1).toList());
  }

  /** Returns true if the tensor is the same everywhere. */
  public boolean single(int tensor) {
    return moves.get(tensor) == 0;
  }

  /** Returns true if the tensor is walked element by element in the order of the loops. */
  public boolean straight(int tensor) {
    return moves.get(tensor) == (1 << loops) - 1;
  }

  /** Returns a part of a kernel's name. */
  public String label() {
    StringBuilder s = new StringBuilder("L" + loops);
    for (int bits : moves) {
      s.append('_').append(Integer.toHexString(bits));
    }
    return s.toString();
  }

  /**
   * Writes code that computes the tensors' positions.
   *
   * @param position local variable with the position in the loops
   * @param sizes local variables with the loops' sizes, outermost first; the first is not used
   * @return for each tensor a local variable with its position, or -1 where that is always 0
   */
  public int[] write(CodeBuilder b, int position, int[] sizes) {
    int[] at = new int[moves.size()];
    int[] unit = new int[moves.size()];
    for (int t = 0; t < at.length; t++) {
      at[t] = single(t) ? -1 : straight(t) ? position : 0;
      unit[t] = -1;
    }
    int rest = position;
    for (int i = loops - 1; i >= 0; i--) {
      int digit = rest;
      if (i > 0) {
        digit = b.allocateLocal(TypeKind.INT);
        b.iload(rest).iload(sizes[i]).irem().istore(digit);
      }
      for (int t = 0; t < at.length; t++) {
        if (single(t) || straight(t) || (moves.get(t) >> (loops - 1 - i) & 1) == 0) {
          continue;
        }
        step(b, at, unit, t, digit);
        if (i > 0) {
          grow(b, unit, t, sizes[i]);
        }
      }
      if (i > 0) {
        int next = b.allocateLocal(TypeKind.INT);
        b.iload(rest).iload(sizes[i]).idiv().istore(next);
        rest = next;
      }
    }
    return at;
  }

  /** at += digit · unit. */
  private static void step(CodeBuilder b, int[] at, int[] unit, int t, int digit) {
    if (unit[t] < 0) {
      at[t] = digit;
      return;
    }
    int sum = b.allocateLocal(TypeKind.INT);
    b.iload(digit).iload(unit[t]).imul().iload(at[t]).iadd().istore(sum);
    at[t] = sum;
  }

  /** unit *= size. */
  private static void grow(CodeBuilder b, int[] unit, int t, int size) {
    if (unit[t] < 0) {
      unit[t] = size;
      return;
    }
    int product = b.allocateLocal(TypeKind.INT);
    b.iload(unit[t]).iload(size).imul().istore(product);
    unit[t] = product;
  }
}
