package dev.postern.cgi;

import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.security.ProtectionDomain;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.FieldNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * Counts the calls of each class of a program in a static of that class, as tools of coverage do.
 */
public final class CountingAgent {
  private static final String COUNT = "$agent";

  private CountingAgent() {}

  /** Called by the JVM. */
  public static void premain(String arguments, Instrumentation instrumentation) {
    instrumentation.addTransformer(
        new ClassFileTransformer() {
          @Override
          public byte @Nullable [] transform(
              ClassLoader loader,
              String name,
              Class<?> redefined,
              ProtectionDomain domain,
              byte[] bytes) {
            return name != null && name.startsWith("dev/postern/cgi/javaprograms/")
                ? counting(bytes)
                : null;
          }
        });
  }

  private static byte[] counting(byte[] bytes) {
    ClassNode type = new ClassNode();
    new ClassReader(bytes).accept(type, 0);
    if ((type.access & Opcodes.ACC_INTERFACE) == 0) {
      type.fields.add(
          new FieldNode(Opcodes.ACC_STATIC | Opcodes.ACC_PRIVATE, COUNT, "I", null, null));
      for (MethodNode method : type.methods) {
        if (method.instructions.size() > 0) {
          InsnList counts = new InsnList();
          counts.add(new FieldInsnNode(Opcodes.GETSTATIC, type.name, COUNT, "I"));
          counts.add(new InsnNode(Opcodes.ICONST_1));
          counts.add(new InsnNode(Opcodes.IADD));
          counts.add(new FieldInsnNode(Opcodes.PUTSTATIC, type.name, COUNT, "I"));
          method.instructions.insert(counts);
          method.maxStack = Math.max(method.maxStack, 2);
        }
      }
    }
    ClassWriter writer = new ClassWriter(0);
    type.accept(writer);
    return writer.toByteArray();
  }
}
