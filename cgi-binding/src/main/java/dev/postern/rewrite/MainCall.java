package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ACC_PRIVATE;
import static org.objectweb.asm.Opcodes.ACC_PUBLIC;
import static org.objectweb.asm.Opcodes.ACC_STATIC;
import static org.objectweb.asm.Opcodes.ALOAD;
import static org.objectweb.asm.Opcodes.ASM9;
import static org.objectweb.asm.Opcodes.DUP;
import static org.objectweb.asm.Opcodes.INVOKESPECIAL;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.INVOKEVIRTUAL;
import static org.objectweb.asm.Opcodes.NEW;
import static org.objectweb.asm.Opcodes.RETURN;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Finds a program's main method as the JVM's launcher would, and writes a call of it into the class
 * Own of a loader. From JDK 25 on main may be an instance method, and may have no arguments (JEP
 * 512).
 */
public final class MainCall {
  private static final int INSTANCE_MAIN = 25;
  private static final String ARGUMENTS = "([Ljava/lang/String;)V";

  private final ProgramClasses code;
  private final String main;
  private final Class<?> own;

  /** The main method, and the class that declares it. */
  private record Place(ClassNode owner, MethodNode method) {}

  /**
   * The call of a program's main.
   *
   * @param own the class whose {@code runMain} gets the call
   */
  public MainCall(ProgramClasses code, Class<?> own) {
    this.code = code;
    this.main = code.main().replace('.', '/');
    this.own = own;
  }

  /**
   * The bytes of the class Own with the call.
   *
   * @throws NotAProgramException when there is no main
   */
  public byte[] bytes() throws NotAProgramException {
    if (code.head(main) == null) {
      throw new NotAProgramException("main class must be on the class path: " + name());
    }
    Place place = find(ARGUMENTS);
    if (place == null && Runtime.version().feature() >= INSTANCE_MAIN) {
      place = find("()V");
    }
    if (place == null) {
      throw new NotAProgramException("main class must have a main method: " + name());
    }
    ClassWriter writer = new ClassWriter(0);
    new ClassReader(bytes(own)).accept(new Template(writer, place), ClassReader.SKIP_DEBUG);
    return writer.toByteArray();
  }

  /** The bytes of a class of this server. */
  public static byte[] bytes(Class<?> type) {
    String name = type.getName().substring(type.getPackageName().length() + 1);
    try (InputStream in = type.getResourceAsStream(name + ".class")) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private String name() {
    return main.replace('/', '.');
  }

  private @Nullable Place find(String descriptor) {
    boolean flexible = Runtime.version().feature() >= INSTANCE_MAIN;
    for (ClassNode at = code.head(main); at != null; at = code.head(at.superName)) {
      for (MethodNode method : at.methods) {
        int access = method.access;
        boolean fits =
            flexible
                ? (access & ACC_PRIVATE) == 0
                : (access & (ACC_PUBLIC | ACC_STATIC)) == (ACC_PUBLIC | ACC_STATIC);
        if (method.name.equals("main") && method.desc.equals(descriptor) && fits) {
          return new Place(at, method);
        }
      }
    }
    return null;
  }

  /** Writes Own with another body of {@code runMain}. */
  private final class Template extends ClassVisitor {
    private final Place place;

    Template(ClassWriter writer, Place place) {
      super(ASM9, writer);
      this.place = place;
    }

    @Override
    public @Nullable MethodVisitor visitMethod(
        int access, String name, String descriptor, String signature, String[] exceptions) {
      MethodVisitor visitor = super.visitMethod(access, name, descriptor, signature, exceptions);
      if (!name.equals("runMain")) {
        return visitor;
      }
      boolean isStatic = (place.method.access & ACC_STATIC) != 0;
      visitor.visitCode();
      if (!isStatic) {
        visitor.visitTypeInsn(NEW, main);
        visitor.visitInsn(DUP);
        visitor.visitMethodInsn(INVOKESPECIAL, main, "<init>", "()V", false);
      }
      if (place.method.desc.equals(ARGUMENTS)) {
        visitor.visitVarInsn(ALOAD, 1);
      }
      visitor.visitMethodInsn(
          isStatic ? INVOKESTATIC : INVOKEVIRTUAL,
          isStatic ? place.owner.name : main,
          "main",
          place.method.desc,
          isStatic && (place.owner.access & org.objectweb.asm.Opcodes.ACC_INTERFACE) != 0);
      visitor.visitInsn(RETURN);
      visitor.visitMaxs(3, 2);
      visitor.visitEnd();
      return null;
    }
  }
}
