package dev.peft4j.backend.tornado.attention;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task11;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task9;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels of {@link StreamedAttention}. One item computes a row: of a query in a head, or of a key
 * in a key head.
 *
 * <p>Sizes: items, heads, key heads, queries, keys, d, causal, window, kind of ranges (0 none, 1
 * the place of the first query, 2 a range for each query), integers of ranges a row of the batch,
 * steps of the mask along batch, heads, queries and keys; of {@link #KEYS} also where the gradients
 * of keys and of values begin.
 */
final class StreamKernels {
  static final Task9<
          KernelContext,
          IntArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          IntArray,
          FloatArray,
          FloatArray>
      FORWARD = StreamKernels::peftAttention;

  static final Task11<
          KernelContext,
          IntArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          IntArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray>
      QUERIES = StreamKernels::peftAttentionQueries;

  static final Task11<
          KernelContext,
          IntArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray,
          IntArray,
          FloatArray,
          FloatArray,
          FloatArray,
          FloatArray>
      KEYS = StreamKernels::peftAttentionKeys;

  /** What is kept of each query: the largest score, 1 / the sum, and the sum of p · dP. */
  static final int KEPT = 3;

  private static final float LOWEST = -3.4028235e38f;

  private StreamKernels() {}

  static void peftAttention(
      KernelContext context,
      IntArray sizes,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray mask,
      IntArray seen,
      FloatArray settings,
      FloatArray out) {
    int r = context.globalIdx;
    if (r < sizes.get(0)) {
      int heads = sizes.get(1);
      int kvHeads = sizes.get(2);
      int queries = sizes.get(3);
      int d = sizes.get(5);
      int query = r % queries;
      int head = r / queries % heads;
      int batch = r / queries / heads;
      int atQ = ((batch * queries + query) * heads + head) * d;
      int atK = (batch * sizes.get(4) * kvHeads + head / (heads / kvHeads)) * d;
      int atMask = batch * sizes.get(10) + head * sizes.get(11) + query * sizes.get(12);
      for (int i = 0; i < d; i++) {
        out.set(atQ + i, 0f);
      }
      float most = LOWEST;
      float sum = 0;
      int to = to(sizes, seen, batch, query);
      for (int j = from(sizes, seen, batch, query); j < to; j++) {
        int key = atK + j * kvHeads * d;
        float s = capped(dot(q, atQ, k, key, d) * settings.get(0), settings.get(1));
        s = s + mask.get(atMask + j * sizes.get(13));
        if (s > most) {
          float c = TornadoMath.exp(most - s);
          sum = sum * c;
          for (int i = 0; i < d; i++) {
            out.set(atQ + i, out.get(atQ + i) * c);
          }
          most = s;
        }
        float p = TornadoMath.exp(s - most);
        sum = sum + p;
        for (int i = 0; i < d; i++) {
          out.set(atQ + i, out.get(atQ + i) + p * v.get(key + i));
        }
      }
      // a query that sees no key has a result of 0
      float whole = sum == 0 ? 1 : sum;
      for (int i = 0; i < d; i++) {
        out.set(atQ + i, out.get(atQ + i) / whole);
      }
    }
  }

  static void peftAttentionQueries(
      KernelContext context,
      IntArray sizes,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray mask,
      IntArray seen,
      FloatArray settings,
      FloatArray dOut,
      FloatArray kept,
      FloatArray out) {
    int r = context.globalIdx;
    if (r < sizes.get(0)) {
      int heads = sizes.get(1);
      int kvHeads = sizes.get(2);
      int queries = sizes.get(3);
      int d = sizes.get(5);
      int query = r % queries;
      int head = r / queries % heads;
      int batch = r / queries / heads;
      int atQ = ((batch * queries + query) * heads + head) * d;
      int atK = (batch * sizes.get(4) * kvHeads + head / (heads / kvHeads)) * d;
      int atMask = batch * sizes.get(10) + head * sizes.get(11) + query * sizes.get(12);
      int from = from(sizes, seen, batch, query);
      int to = to(sizes, seen, batch, query);
      float scale = settings.get(0);
      float cap = settings.get(1);
      float most = LOWEST;
      float sum = 0;
      float products = 0;
      for (int j = from; j < to; j++) {
        int key = atK + j * kvHeads * d;
        float s = capped(dot(q, atQ, k, key, d) * scale, cap);
        s = s + mask.get(atMask + j * sizes.get(13));
        float larger = s > most ? s : most;
        float c = TornadoMath.exp(most - larger);
        float p = TornadoMath.exp(s - larger);
        sum = sum * c + p;
        products = products * c + p * dot(dOut, atQ, v, key, d);
        most = larger;
      }
      float inverse = sum == 0 ? 0 : 1 / sum;
      float mean = products * inverse;
      kept.set(r * KEPT, most);
      kept.set(r * KEPT + 1, inverse);
      kept.set(r * KEPT + 2, mean);
      for (int i = 0; i < d; i++) {
        out.set(atQ + i, 0f);
      }
      for (int j = from; j < to; j++) {
        int key = atK + j * kvHeads * d;
        float s = capped(dot(q, atQ, k, key, d) * scale, cap);
        float masked = s + mask.get(atMask + j * sizes.get(13));
        float p = TornadoMath.exp(masked - most) * inverse;
        float dP = dot(dOut, atQ, v, key, d);
        float dS = p * (dP - mean) * scale * slope(s, cap);
        for (int i = 0; i < d; i++) {
          out.set(atQ + i, out.get(atQ + i) + dS * k.get(key + i));
        }
      }
    }
  }

  static void peftAttentionKeys(
      KernelContext context,
      IntArray sizes,
      FloatArray q,
      FloatArray k,
      FloatArray v,
      FloatArray mask,
      IntArray seen,
      FloatArray settings,
      FloatArray dOut,
      FloatArray kept,
      FloatArray out) {
    int r = context.globalIdx;
    if (r < sizes.get(0)) {
      int heads = sizes.get(1);
      int kvHeads = sizes.get(2);
      int queries = sizes.get(3);
      int keys = sizes.get(4);
      int d = sizes.get(5);
      int key = r % keys;
      int kvHead = r / keys % kvHeads;
      int batch = r / keys / kvHeads;
      int group = heads / kvHeads;
      int atK = ((batch * keys + key) * kvHeads + kvHead) * d;
      int dK = sizes.get(14) + atK;
      int dV = sizes.get(15) + atK;
      float scale = settings.get(0);
      float cap = settings.get(1);
      for (int i = 0; i < d; i++) {
        out.set(dK + i, 0f);
        out.set(dV + i, 0f);
      }
      for (int n = 0; n < group * queries; n++) {
        int head = kvHead * group + n / queries;
        int query = n % queries;
        if (key >= from(sizes, seen, batch, query) && key < to(sizes, seen, batch, query)) {
          int atQ = ((batch * queries + query) * heads + head) * d;
          int atMask = batch * sizes.get(10) + head * sizes.get(11) + query * sizes.get(12);
          int row = ((batch * heads + head) * queries + query) * KEPT;
          float s = capped(dot(q, atQ, k, atK, d) * scale, cap);
          float masked = s + mask.get(atMask + key * sizes.get(13));
          float p = TornadoMath.exp(masked - kept.get(row)) * kept.get(row + 1);
          float dP = dot(dOut, atQ, v, atK, d);
          float dS = p * (dP - kept.get(row + 2)) * scale * slope(s, cap);
          for (int i = 0; i < d; i++) {
            out.set(dK + i, out.get(dK + i) + dS * q.get(atQ + i));
            out.set(dV + i, out.get(dV + i) + p * dOut.get(atQ + i));
          }
        }
      }
    }
  }

  /** The place of a query among the keys. */
  private static int place(IntArray sizes, IntArray seen, int batch, int query) {
    int first = sizes.get(4) - sizes.get(3);
    if (sizes.get(8) == 1) {
      first = seen.get(batch * sizes.get(9));
    }
    return first + query;
  }

  /** The first key that a query sees. */
  private static int from(IntArray sizes, IntArray seen, int batch, int query) {
    int from = 0;
    if (sizes.get(8) == 2) {
      from = Math.max(0, seen.get(batch * sizes.get(9) + 2 * query));
    }
    if (sizes.get(7) > 0) {
      from = Math.max(from, place(sizes, seen, batch, query) + 1 - sizes.get(7));
    }
    return from;
  }

  /** The key behind the last one that a query sees. */
  private static int to(IntArray sizes, IntArray seen, int batch, int query) {
    int place = place(sizes, seen, batch, query);
    int to = sizes.get(4);
    if (sizes.get(8) == 1) {
      to = Math.min(to, place - query + sizes.get(3));
    }
    if (sizes.get(8) == 2) {
      to = Math.min(to, seen.get(batch * sizes.get(9) + 2 * query + 1));
    }
    if (sizes.get(6) == 1) {
      to = Math.min(to, place + 1);
    }
    if (sizes.get(7) > 0) {
      to = Math.min(to, place + sizes.get(7));
    }
    return to;
  }

  private static float capped(float s, float cap) {
    float y = s;
    if (cap > 0) {
      y = cap * TornadoMath.tanh(s / cap);
    }
    return y;
  }

  /** The derivative of {@link #capped} from its result. */
  private static float slope(float capped, float cap) {
    float y = 1;
    if (cap > 0) {
      float t = capped / cap;
      y = 1 - t * t;
    }
    return y;
  }

  /** Four sums, so that one addition need not wait for the one before. */
  private static float dot(FloatArray a, int atA, FloatArray b, int atB, int n) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int whole = n / 4 * 4;
    for (int i = 0; i < whole; i += 4) {
      s0 += a.get(atA + i) * b.get(atB + i);
      s1 += a.get(atA + i + 1) * b.get(atB + i + 1);
      s2 += a.get(atA + i + 2) * b.get(atB + i + 2);
      s3 += a.get(atA + i + 3) * b.get(atB + i + 3);
    }
    for (int i = whole; i < n; i++) {
      s0 += a.get(atA + i) * b.get(atB + i);
    }
    return (s0 + s1) + (s2 + s3);
  }
}
