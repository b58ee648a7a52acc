package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ACC_ABSTRACT;
import static org.objectweb.asm.Opcodes.ACC_FINAL;
import static org.objectweb.asm.Opcodes.ACC_INTERFACE;
import static org.objectweb.asm.Opcodes.ACC_NATIVE;
import static org.objectweb.asm.Opcodes.ACC_PRIVATE;
import static org.objectweb.asm.Opcodes.ACC_PROTECTED;
import static org.objectweb.asm.Opcodes.ACC_PUBLIC;
import static org.objectweb.asm.Opcodes.ACC_STATIC;
import static org.objectweb.asm.Opcodes.ACC_STRICT;
import static org.objectweb.asm.Opcodes.ACC_SYNCHRONIZED;
import static org.objectweb.asm.Opcodes.ACC_TRANSIENT;
import static org.objectweb.asm.Opcodes.ACC_VOLATILE;

import com.google.common.hash.Hashing;
import com.google.common.io.ByteArrayDataOutput;
import com.google.common.io.ByteStreams;
import java.io.Serializable;
import java.util.Comparator;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldNode;
import org.objectweb.asm.tree.InnerClassNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * The version that serialization gives to a class without a serialVersionUID. The JDK computes it
 * from the members of the class. Rewritten classes have others, and would not read what the program
 * writes in a process of its own.
 */
final class SerialVersion {
  static final String NAME = "serialVersionUID";

  private static final int OF_CLASS = ACC_PUBLIC | ACC_FINAL | ACC_INTERFACE | ACC_ABSTRACT;
  private static final int OF_MEMBER =
      ACC_PUBLIC | ACC_PRIVATE | ACC_PROTECTED | ACC_STATIC | ACC_FINAL;
  private static final int OF_FIELD = OF_MEMBER | ACC_VOLATILE | ACC_TRANSIENT;
  private static final int OF_METHOD =
      OF_MEMBER | ACC_SYNCHRONIZED | ACC_NATIVE | ACC_ABSTRACT | ACC_STRICT;

  private SerialVersion() {}

  /** Adds to the rewritten class the version that its head has by default. */
  static void keep(ProgramClasses code, ClassNode head, ClassNode type) {
    boolean isRecord = "java/lang/Record".equals(head.superName);
    if (!isRecord
        && head.fields.stream().noneMatch(field -> field.name.equals(NAME))
        && CallTable.isA(code, head.name, Serializable.class)) {
      int access = ACC_PRIVATE | ACC_STATIC | ACC_FINAL;
      type.fields.add(new FieldNode(access, NAME, "J", null, of(head)));
    }
  }

  /** The hash that "Stream Unique Identifiers" in the specification of serialization describes. */
  @SuppressWarnings("deprecation") // The specification wants SHA-1.
  private static long of(ClassNode head) {
    ByteArrayDataOutput out = ByteStreams.newDataOutput();
    out.writeUTF(head.name.replace('/', '.'));
    int access = head.access;
    for (InnerClassNode inner : head.innerClasses) {
      access = inner.name.equals(head.name) ? inner.access : access;
    }
    out.writeInt(access & OF_CLASS);
    head.interfaces.stream().map(name -> name.replace('/', '.')).sorted().forEach(out::writeUTF);
    head.fields.stream()
        .filter(
            f -> (f.access & ACC_PRIVATE) == 0 || (f.access & (ACC_STATIC | ACC_TRANSIENT)) == 0)
        .sorted(Comparator.comparing(field -> field.name))
        .forEach(field -> write(out, field.name, field.access & OF_FIELD, field.desc));
    // First the initializer, then the constructors, then the methods.
    head.methods.stream()
        .filter(method -> (method.access & ACC_PRIVATE) == 0)
        .sorted(
            Comparator.comparing((MethodNode method) -> !method.name.startsWith("<"))
                .thenComparing(method -> method.name)
                .thenComparing(method -> method.desc))
        .forEach(m -> write(out, m.name, m.access & OF_METHOD, m.desc.replace('/', '.')));
    return Hashing.sha1().hashBytes(out.toByteArray()).asLong();
  }

  private static void write(ByteArrayDataOutput out, String name, int access, String descriptor) {
    out.writeUTF(name);
    out.writeInt(access);
    out.writeUTF(descriptor);
  }
}
