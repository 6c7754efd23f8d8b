package dev.peft4j.backend.tornado.kernel;

import static java.lang.constant.ConstantDescs.CD_Integer;
import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.ref.Cleaner;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A writer of kernels at run time: of a class with the kernel as a static method and the {@code
 * TaskN} that calls it, from which TornadoVM finds the method. The first parameter is always the
 * {@code KernelContext}, the second one the buffer with the whole numbers.
 *
 * <p>Names of the parameters go into a LocalVariableTable, without which TornadoVM compiles
 * nothing.
 */
public final class KernelWriter {
  private static final ClassDesc CONTEXT = KernelContext.class.describeConstable().orElseThrow();
  private static final ClassDesc SIZES = IntArray.class.describeConstable().orElseThrow();
  private static final MethodTypeDesc SIZE = MethodTypeDesc.of(CD_int, CD_int);
  private static final MethodTypeDesc INT_VALUE = MethodTypeDesc.of(CD_int);

  private static final Cleaner UNUSED = Cleaner.create();

  private final String name;
  private final List<ClassDesc> types = new ArrayList<>(List.of(CONTEXT, SIZES));
  private int numbers;

  /**
   * Creates a kernel without parameters.
   *
   * @param name its name on the device, which contains everything that its code depends on: no two
   *     kernels have the same, and a driver that keeps compiled code finds it in the next run
   */
  public KernelWriter(String name) {
    this.name = name;
  }

  /** Adds a buffer and returns its local variable. */
  public int buffer(Class<?> type) {
    if (numbers > 0) {
      throw new IllegalStateException("buffers of a kernel come before its numbers");
    }
    types.add(type.describeConstable().orElseThrow());
    return types.size() - 1;
  }

  /** Adds a whole number, after all buffers, and returns its local variable. */
  public int number() {
    return types.size() + numbers++;
  }

  /**
   * Defines the class, which is unloaded when the instance is no longer used.
   *
   * @param body writes the kernel's code up to its return
   * @return an instance of the {@code TaskN} that fits the number of parameters
   */
  public Object define(Consumer<CodeBuilder> body) {
    KernelClassLoader loader = KernelClassLoader.current();
    String className = KernelWriter.class.getPackageName() + "." + capital(name);
    ClassDesc self = ClassDesc.of(className);
    MethodTypeDesc type = MethodTypeDesc.of(CD_void, types);
    byte[] file =
        ClassFile.of()
            .build(
                self,
                c -> {
                  c.withFlags(AccessFlag.PUBLIC, AccessFlag.FINAL);
                  c.withInterfaceSymbols(task());
                  // first, so that its constants have low numbers: TornadoVM reads only one byte
                  c.withMethodBody(
                      "apply", objects(), ClassFile.ACC_PUBLIC, b -> apply(b, self, type));
                  c.withMethodBody(
                      name,
                      type,
                      ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                      b -> {
                        nameParameters(b);
                        readNumbers(b);
                        body.accept(b);
                        b.return_();
                      });
                  c.withMethodBody(
                      INIT_NAME,
                      MTD_void,
                      ClassFile.ACC_PUBLIC,
                      b -> b.aload(0).invokespecial(CD_Object, INIT_NAME, MTD_void).return_());
                });
    String resource = className.replace('.', '/') + ".class";
    loader.put(resource, file);
    try {
      Class<?> kernel = new OwnLoader().define(className, file);
      Object code = kernel.getConstructor().newInstance();
      UNUSED.register(
          code,
          () -> {
            loader.remove(resource, file);
            Sketches.forget(kernel);
          });
      return code;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("a generated kernel could not be loaded: " + name, e);
    }
  }

  /** The loader of one kernel's class, so that it is unloaded without others. */
  private static final class OwnLoader extends ClassLoader {
    OwnLoader() {
      super(KernelWriter.class.getClassLoader());
    }

    Class<?> define(String name, byte[] file) {
      return defineClass(name, file, 0, file.length);
    }
  }

  private ClassDesc task() {
    return ClassDesc.of(TornadoFunctions.class.getName() + "$Task" + types.size());
  }

  private MethodTypeDesc objects() {
    return MethodTypeDesc.of(CD_void, Collections.nCopies(types.size(), CD_Object));
  }

  private void apply(CodeBuilder b, ClassDesc self, MethodTypeDesc type) {
    for (int i = 0; i < types.size(); i++) {
      b.aload(i + 1).checkcast(types.get(i));
    }
    b.invokestatic(self, name, type).return_();
  }

  /** Brings the numbers into their variables, the first ones after the parameters. */
  private void readNumbers(CodeBuilder b) {
    for (int i = 0; i < numbers; i++) {
      int local = b.allocateLocal(TypeKind.INT);
      b.aload(1).loadConstant(i).invokevirtual(SIZES, "get", SIZE).istore(local);
    }
  }

  private void nameParameters(CodeBuilder b) {
    Label start = b.startLabel();
    Label end = b.endLabel();
    for (int i = 0; i < types.size(); i++) {
      b.localVariable(i, i == 0 ? "context" : "p" + i, types.get(i), start, end);
    }
  }

  private static String capital(String s) {
    return Character.toUpperCase(s.charAt(0)) + s.substring(1);
  }

  /** Pushes the work item's number along x, y or z. */
  public static void globalId(CodeBuilder b, char axis) {
    id(b, "globalId" + axis);
  }

  /** Pushes one of the numbers that a {@code KernelContext} has as fields. */
  public static void id(CodeBuilder b, String field) {
    b.aload(0).getfield(CONTEXT, field, CD_Integer);
    b.invokevirtual(CD_Integer, "intValue", INT_VALUE);
  }

  /** Type of an array's {@code get}. */
  public static final MethodTypeDesc GET = MethodTypeDesc.of(CD_float, CD_int);

  /** Type of an array's {@code set}. */
  public static final MethodTypeDesc SET = MethodTypeDesc.of(CD_void, CD_int, CD_float);
}
