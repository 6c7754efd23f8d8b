package dev.peft4j.train;

import dev.peft4j.data.DType;
import dev.peft4j.nn.Module;
import dev.peft4j.nn.Parameter;
import dev.peft4j.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Date;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedCollection;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A checksum of what values contain: numbers, texts, arrays, collections, tensors, and the
 * components and fields of records and objects. The same content has the same checksum in every
 * process; names of classes are not part of it. Anything else (a function, a stream) has no
 * content.
 */
final class ContentDigest {
  private static final int DEPTH = 50;
  private static final int CHUNK = 1 << 16;
  private static final int PART = 1 << 10;
  private static final int LARGE = 1024;

  /** Thrown if something has no content. */
  private static final class NoContent extends Exception {
    private static final long serialVersionUID = 1L;

    NoContent() {
      super("no content", null, false, false);
    }
  }

  /** A reader of the parts of a class's objects. */
  private interface Part {
    @Nullable Object of(Object owner) throws ReflectiveOperationException;
  }

  private static final ClassValue<Optional<List<Part>>> PARTS =
      new ClassValue<>() {
        @Override
        protected Optional<List<Part>> computeValue(Class<?> type) {
          return Optional.ofNullable(parts(type));
        }
      };

  /**
   * A part with a checksum of its own, which stands for it. Those of large parts are kept: many
   * examples may share a part.
   */
  private record Known(byte[] sum, long size) {}

  /** The state that all digests of one checksum share. */
  private static final class Seen {
    final Map<Object, Known> large = new IdentityHashMap<>();
    final Set<Object> open = Collections.newSetFromMap(new IdentityHashMap<>());
  }

  private final MessageDigest digest = Manifest.sha256();
  private final ByteBuffer buffer;
  private final Seen seen;
  private long size;

  private ContentDigest(int bytes, Seen seen) {
    this.buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    this.seen = seen;
  }

  /** Returns the checksum, or null if one of the values has no content. */
  static @Nullable String of(Iterable<?> values) {
    ContentDigest d = new ContentDigest(CHUNK, new Seen());
    try {
      for (Object v : values) {
        d.add(v, 0);
      }
      return HexFormat.of().formatHex(d.finish(), 0, 16);
    } catch (NoContent _) {
      return null;
    }
  }

  private byte[] finish() {
    flush();
    return digest.digest();
  }

  /** Adds a part of a value. */
  private void add(@Nullable Object value, int depth) throws NoContent {
    if (value == null || depth == 0 || isSmall(value)) {
      content(value, depth);
    } else {
      Known known = known(value, depth);
      number('k', known.size);
      bytes(ByteBuffer.wrap(known.sum));
      size += known.size;
    }
  }

  private Known known(Object value, int depth) throws NoContent {
    Known known = seen.large.get(value);
    if (known == null) {
      if (!seen.open.add(value)) {
        throw new NoContent(); // it holds itself
      }
      ContentDigest own = new ContentDigest(PART, seen);
      own.content(value, depth);
      seen.open.remove(value);
      known = new Known(own.finish(), own.size);
      if (known.size >= LARGE) {
        seen.large.put(value, known);
      }
    }
    return known;
  }

  private static boolean isSmall(Object value) {
    return value instanceof CharSequence
        || value instanceof Number
        || value instanceof Boolean
        || value instanceof Character
        || value instanceof Enum
        || value.getClass().isArray()
            && value.getClass().getComponentType().isPrimitive()
            && Array.getLength(value) < LARGE / 8;
  }

  private void content(@Nullable Object value, int depth) throws NoContent {
    if (depth > DEPTH) {
      throw new NoContent();
    }
    switch (value) {
      case null -> tag('0');
      case CharSequence s -> text('s', s);
      case Boolean b -> tag(b ? 't' : 'f');
      case Character c -> number('c', c);
      case Float f -> number('d', Double.doubleToLongBits(f));
      case Double f -> number('d', Double.doubleToLongBits(f));
      case Byte n -> number('i', n);
      case Short n -> number('i', n);
      case Integer n -> number('i', n);
      case Long n -> number('i', n);
      case Number n when isOfJava(n) -> text('n', n.toString());
      case Enum<?> e -> text('e', e.name());
      case Parameter _, Module _ -> throw new NoContent();
      case Tensor t -> tensor(t);
      case Optional<?> o -> add(o.orElse(null), depth + 1);
      case BitSet b -> array(b.toLongArray(), depth);
      case Path p -> text('p', p.toString());
      case Date d -> number('D', d.getTime());
      case Map.Entry<?, ?> e -> {
        add(e.getKey(), depth + 1);
        add(e.getValue(), depth + 1);
      }
      case Map<?, ?> m -> unordered('m', m.entrySet(), depth);
      case List<?> l -> ordered(l, depth);
      case SequencedCollection<?> l -> ordered(l, depth);
      case Collection<?> c -> unordered('u', c, depth);
      case java.nio.Buffer b -> buffer(b);
      case Comparable<?> c when isOfJava(c) -> text('j', c.toString());
      default -> {
        if (value.getClass().isArray()) {
          array(value, depth);
        } else {
          object(value, depth);
        }
      }
    }
  }

  private static boolean isOfJava(Object value) {
    return value.getClass().getName().startsWith("java.");
  }

  private void ordered(Collection<?> values, int depth) throws NoContent {
    number('l', values.size());
    for (Object v : values) {
      add(v, depth + 1);
    }
  }

  /** Adds elements whose order may differ between processes. */
  private void unordered(char tag, Collection<?> values, int depth) throws NoContent {
    List<byte[]> sums = new ArrayList<>(values.size());
    for (Object v : values) {
      ContentDigest one = new ContentDigest(PART, seen);
      one.content(v, depth + 1);
      size += one.size;
      sums.add(one.finish());
    }
    sums.sort(Comparator.comparing(HexFormat.of()::formatHex));
    number(tag, sums.size());
    for (byte[] sum : sums) {
      bytes(ByteBuffer.wrap(sum));
    }
  }

  private void object(Object value, int depth) throws NoContent {
    Optional<List<Part>> parts = PARTS.get(value.getClass());
    if (parts.isEmpty()) {
      throw new NoContent();
    }
    number('o', parts.get().size());
    for (Part p : parts.get()) {
      Object part;
      try {
        part = p.of(value);
      } catch (ReflectiveOperationException _) {
        throw new NoContent();
      }
      add(part, depth + 1);
    }
  }

  private static @Nullable List<Part> parts(Class<?> type) {
    if (type.isHidden() || type.isSynthetic() || type.isAnonymousClass()) {
      return null;
    }
    List<Part> parts = new ArrayList<>();
    try {
      if (type.isRecord()) {
        for (RecordComponent c : type.getRecordComponents()) {
          var accessor = c.getAccessor();
          if (!accessor.trySetAccessible()) {
            return null;
          }
          parts.add(accessor::invoke);
        }
        return parts;
      }
      for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
        String name = c.getName();
        if (name.startsWith("java.") || name.startsWith("jdk.") || name.startsWith("sun.")) {
          return null;
        }
        Field[] fields = c.getDeclaredFields();
        Arrays.sort(fields, Comparator.comparing(Field::getName));
        for (Field f : fields) {
          boolean kept = !Modifier.isStatic(f.getModifiers()) && !f.isSynthetic();
          if (kept && !Modifier.isTransient(f.getModifiers())) {
            if (!f.trySetAccessible()) {
              return null;
            }
            parts.add(f::get);
          }
        }
      }
    } catch (RuntimeException | LinkageError _) {
      return null; // a native image knows only what it was told of
    }
    return parts.isEmpty() ? null : parts;
  }

  private void tensor(Tensor t) throws NoContent {
    number('T', t.shape().rank());
    for (int i = 0; i < t.shape().rank(); i++) {
      number('i', t.dim(i));
    }
    if (t.dtype() == DType.INT64) {
      array(t.toLongs(), DEPTH - 1);
    } else if (t.dtype().isInteger()) {
      array(t.toInts(), DEPTH - 1);
    } else {
      array(t.toFloats(), DEPTH - 1);
    }
  }

  private void array(Object array, int depth) throws NoContent {
    if (array instanceof Object[] objects) {
      number('a', objects.length);
      for (Object o : objects) {
        add(o, depth + 1);
      }
      return;
    }
    MemorySegment memory =
        switch (array) {
          case byte[] a -> MemorySegment.ofArray(a);
          case short[] a -> MemorySegment.ofArray(a);
          case char[] a -> MemorySegment.ofArray(a);
          case int[] a -> MemorySegment.ofArray(a);
          case long[] a -> MemorySegment.ofArray(a);
          case float[] a -> MemorySegment.ofArray(a);
          case double[] a -> MemorySegment.ofArray(a);
          case boolean[] a -> {
            byte[] bytes = new byte[a.length];
            for (int i = 0; i < a.length; i++) {
              bytes[i] = (byte) (a[i] ? 1 : 0);
            }
            yield MemorySegment.ofArray(bytes);
          }
          default -> throw new NoContent();
        };
    number('b', memory.byteSize());
    MemorySegment chunk = MemorySegment.ofArray(buffer.array());
    flush();
    size += memory.byteSize();
    for (long at = 0; at < memory.byteSize(); at += buffer.capacity()) {
      long n = Math.min(buffer.capacity(), memory.byteSize() - at);
      MemorySegment.copy(memory, at, chunk, 0, n);
      digest.update(buffer.array(), 0, (int) n);
    }
  }

  private void buffer(java.nio.Buffer b) throws NoContent {
    switch (b) {
      case ByteBuffer x -> array(contents(x.remaining(), x), 0);
      case FloatBuffer x -> {
        float[] a = new float[x.remaining()];
        x.get(x.position(), a);
        array(a, 0);
      }
      case IntBuffer x -> {
        int[] a = new int[x.remaining()];
        x.get(x.position(), a);
        array(a, 0);
      }
      case LongBuffer x -> {
        long[] a = new long[x.remaining()];
        x.get(x.position(), a);
        array(a, 0);
      }
      case DoubleBuffer x -> {
        double[] a = new double[x.remaining()];
        x.get(x.position(), a);
        array(a, 0);
      }
      case ShortBuffer x -> {
        short[] a = new short[x.remaining()];
        x.get(x.position(), a);
        array(a, 0);
      }
      default -> throw new NoContent();
    }
  }

  private static byte[] contents(int n, ByteBuffer of) {
    byte[] a = new byte[n];
    of.get(of.position(), a);
    return a;
  }

  private void text(char tag, CharSequence s) {
    byte[] bytes = s.toString().getBytes(StandardCharsets.UTF_8);
    number(tag, bytes.length);
    if (bytes.length <= buffer.capacity()) {
      room(bytes.length).put(bytes);
    } else {
      size += bytes.length;
      bytes(ByteBuffer.wrap(bytes));
    }
  }

  private void number(char tag, long value) {
    room(10).putChar(tag).putLong(value);
  }

  private void tag(char tag) {
    room(2).putChar(tag);
  }

  private void bytes(ByteBuffer b) {
    flush();
    digest.update(b);
  }

  private ByteBuffer room(int bytes) {
    if (buffer.remaining() < bytes) {
      flush();
    }
    return buffer;
  }

  private void flush() {
    size += buffer.position();
    digest.update(buffer.array(), 0, buffer.position());
    buffer.clear();
  }
}
