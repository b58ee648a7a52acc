package dev.postern.inprocess;

import static org.objectweb.asm.Opcodes.ACC_PUBLIC;
import static org.objectweb.asm.Opcodes.ALOAD;
import static org.objectweb.asm.Opcodes.ILOAD;
import static org.objectweb.asm.Opcodes.INVOKESPECIAL;
import static org.objectweb.asm.Opcodes.INVOKEVIRTUAL;
import static org.objectweb.asm.Opcodes.IRETURN;
import static org.objectweb.asm.Opcodes.RETURN;

import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;

/**
 * {@code System.out} and {@code System.err} for code of the JDK, which is not rewritten. What such
 * code prints on a thread of a program goes to the program's request. Everything else goes where it
 * went before.
 */
public final class SystemStreams {
  private static final String BASE = Type.getInternalName(Adopted.class);
  private static final String STREAM = Type.getInternalName(PrintStream.class);
  private static final String MADE = "(Ljava/io/PrintStream;Z)V";

  private SystemStreams() {}

  /**
   * Hands each call on to the stream in force. {@code bytes()} makes a subclass that overrides each
   * method of PrintStream.
   */
  abstract static class Adopted extends PrintStream {
    private final PrintStream server;
    private final boolean error;

    Adopted(PrintStream server, boolean error) {
      super(OutputStream.nullOutputStream());
      this.server = server;
      this.error = error;
    }

    final PrintStream target() {
      Instance instance = Instance.current();
      Run run = instance == null ? null : instance.run;
      if (run == null) {
        return server;
      }
      return error ? run.err() : run.out;
    }
  }

  /** Replaces both streams of this JVM. Later calls change nothing. */
  public static synchronized void adopt() {
    if (System.out instanceof Adopted && System.err instanceof Adopted) {
      return;
    }
    try {
      Constructor<?> made = adopted().getDeclaredConstructor(PrintStream.class, boolean.class);
      System.setOut((PrintStream) made.newInstance(System.out, false));
      System.setErr((PrintStream) made.newInstance(System.err, true));
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Class<?> known;

  private static Class<?> adopted() throws IllegalAccessException {
    Class<?> type = known;
    if (type == null) {
      type = MethodHandles.lookup().defineClass(bytes());
      known = type;
    }
    return type;
  }

  private static byte[] bytes() {
    ClassWriter writer = new ClassWriter(0);
    writer.visit(Opcodes.V17, ACC_PUBLIC, BASE + "Stream", null, BASE, null);
    MethodVisitor code = writer.visitMethod(ACC_PUBLIC, "<init>", MADE, null, null);
    code.visitVarInsn(ALOAD, 0);
    code.visitVarInsn(ALOAD, 1);
    code.visitVarInsn(ILOAD, 2);
    code.visitMethodInsn(INVOKESPECIAL, BASE, "<init>", MADE, false);
    code.visitInsn(RETURN);
    code.visitMaxs(3, 3);
    for (Method method : PrintStream.class.getMethods()) {
      boolean isOfObject = method.getDeclaringClass() == Object.class;
      if (!isOfObject && (method.getModifiers() & (Modifier.STATIC | Modifier.FINAL)) == 0) {
        delegate(writer, method);
      }
    }
    return writer.toByteArray();
  }

  private static void delegate(ClassWriter writer, Method method) {
    String descriptor = Type.getMethodDescriptor(method);
    MethodVisitor code = writer.visitMethod(ACC_PUBLIC, method.getName(), descriptor, null, null);
    code.visitVarInsn(ALOAD, 0);
    code.visitMethodInsn(INVOKEVIRTUAL, BASE, "target", "()L" + STREAM + ";", false);
    int local = 1;
    for (Type argument : Type.getArgumentTypes(method)) {
      code.visitVarInsn(argument.getOpcode(ILOAD), local);
      local += argument.getSize();
    }
    code.visitMethodInsn(INVOKEVIRTUAL, STREAM, method.getName(), descriptor, false);
    code.visitInsn(Type.getReturnType(method).getOpcode(IRETURN));
    code.visitMaxs(local + 1, local);
  }
}
