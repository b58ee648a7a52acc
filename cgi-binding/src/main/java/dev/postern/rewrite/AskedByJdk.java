package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ACC_ABSTRACT;
import static org.objectweb.asm.Opcodes.ACC_FINAL;
import static org.objectweb.asm.Opcodes.ACC_PRIVATE;
import static org.objectweb.asm.Opcodes.ACC_PROTECTED;
import static org.objectweb.asm.Opcodes.ACC_PUBLIC;
import static org.objectweb.asm.Opcodes.ACC_STATIC;
import static org.objectweb.asm.Opcodes.ACC_SYNCHRONIZED;
import static org.objectweb.asm.Opcodes.ACC_SYNTHETIC;
import static org.objectweb.asm.Opcodes.ALOAD;
import static org.objectweb.asm.Opcodes.GETSTATIC;
import static org.objectweb.asm.Opcodes.INVOKESPECIAL;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Objects of the program that the JDK keeps for the whole JVM, and then asks. Confined to one class
 * and thread.
 *
 * <p>The JVM has one registry of image plugins, and asks each plugin in the threads of all
 * programs. A plugin answers its own program. To others it looks like one that has no format.
 *
 * <p>The value that a {@code ClassValue} computes for a class of the JDK stays with this class. The
 * value refers to the program's loader, so it is removed at the end.
 */
final class AskedByJdk {
  private static final String PLUGINS = "javax/imageio/spi/";
  private static final String OWN_METHOD = Names.PREFIX + "a$";

  /** The methods by which the JDK looks for a plugin. */
  private static final Set<String> QUESTIONS =
      Set.of(
          "canDecodeInput(Ljava/lang/Object;)Z",
          "canEncodeImage(Ljavax/imageio/ImageTypeSpecifier;)Z",
          "canEncodeImage(Ljava/awt/image/RenderedImage;)Z",
          "getFormatNames()[Ljava/lang/String;",
          "getFileSuffixes()[Ljava/lang/String;",
          "getMIMETypes()[Ljava/lang/String;",
          "getInputClass()Ljava/lang/Class;",
          "getOutputClass()Ljava/lang/Class;",
          "getReaderServiceProviderName()Ljava/lang/String;",
          "getWriterServiceProviderName()Ljava/lang/String;");

  private final ProgramClasses code;
  private final ClassNode type;

  AskedByJdk(ProgramClasses code, ClassNode type) {
    this.code = code;
    this.type = type;
  }

  void apply() {
    String ancestor = ofJdk(type.superName);
    if (ancestor == null) {
      return;
    }
    if (ancestor.equals("java/lang/ClassValue")) {
      type.methods.forEach(this::noteValue);
    } else if (ancestor.startsWith(PLUGINS)) {
      for (MethodNode method : List.copyOf(type.methods)) {
        if (QUESTIONS.contains(method.name + method.desc)
            && (method.access & (ACC_ABSTRACT | ACC_STATIC)) == 0) {
          guard(method);
        }
      }
      if (ancestor.equals(type.superName)) {
        guardInherited(ancestor);
      }
    }
  }

  /** The nearest ancestor that is not on the class path. */
  private @Nullable String ofJdk(@Nullable String name) {
    String at = name;
    for (ClassNode head = code.head(at); head != null; head = code.head(at)) {
      at = head.superName;
    }
    return at;
  }

  // ---- class values ----

  private void noteValue(MethodNode method) {
    if (method.name.equals("computeValue")
        && method.desc.startsWith("(Ljava/lang/Class;)")
        && method.instructions.size() > 0) {
      InsnList note = Code.list(new VarInsnNode(ALOAD, 0), new VarInsnNode(ALOAD, 1));
      note.add(Code.shim(Names.WIDE, "computes", "(Ljava/lang/ClassValue;Ljava/lang/Class;)V"));
      method.instructions.insert(note);
      method.maxStack = Math.max(method.maxStack, 3);
    }
  }

  // ---- image plugins ----

  private void guard(MethodNode method) {
    MethodNode guard = guard(method.access & ~ACC_SYNCHRONIZED, method.name, method.desc);
    guard.exceptions = method.exceptions;
    method.name = OWN_METHOD + method.name;
    method.access =
        method.access & ~(ACC_PUBLIC | ACC_PROTECTED | ACC_FINAL) | ACC_PRIVATE | ACC_SYNTHETIC;
    answer(guard, type.name, method.name);
  }

  private void guardInherited(String ancestor) {
    Class<?> parent = CallTable.ofJdk(ancestor);
    if (parent == null) {
      return;
    }
    for (Method method : parent.getMethods()) {
      String descriptor = Type.getMethodDescriptor(method);
      boolean isOwn =
          type.methods.stream()
              .anyMatch(m -> m.name.equals(method.getName()) && m.desc.equals(descriptor));
      if (QUESTIONS.contains(method.getName() + descriptor)
          && !Modifier.isAbstract(method.getModifiers())
          && !isOwn) {
        answer(guard(ACC_PUBLIC, method.getName(), descriptor), ancestor, method.getName());
      }
    }
  }

  private MethodNode guard(int access, String name, String descriptor) {
    MethodNode guard = new MethodNode(access | ACC_SYNTHETIC, name, descriptor, null, null);
    type.methods.add(guard);
    return guard;
  }

  /** Writes {@code if (isForeign()) return nothing; return owner.name(…);}. */
  private void answer(MethodNode guard, String owner, String name) {
    LabelNode own = new LabelNode();
    InsnList list = guard.instructions;
    list.add(Code.shim(Names.WIDE, "isForeign", "()Z"));
    list.add(new JumpInsnNode(Opcodes.IFEQ, own));
    list.add(nothing(Type.getReturnType(guard.desc)));
    list.add(Code.returned(guard.desc));
    list.add(own);
    Code.frame(list, type, Code.same());
    list.add(new VarInsnNode(ALOAD, 0));
    int size = Type.getArgumentsAndReturnSizes(guard.desc) >> 2;
    if (size > 1) {
      list.add(new VarInsnNode(ALOAD, 1));
    }
    list.add(new MethodInsnNode(INVOKESPECIAL, owner, name, guard.desc, false));
    list.add(Code.returned(guard.desc));
    guard.maxLocals = size;
    guard.maxStack = 2;
  }

  /** What no question of the JDK matches: no formats, and the class that has no instances. */
  private static InsnList nothing(Type answer) {
    return switch (answer.getDescriptor()) {
      case "Z" -> Code.list(new InsnNode(Opcodes.ICONST_0));
      case "Ljava/lang/String;" -> Code.list(new LdcInsnNode(""));
      case "Ljava/lang/Class;" ->
          Code.list(new FieldInsnNode(GETSTATIC, "java/lang/Void", "TYPE", "Ljava/lang/Class;"));
      default ->
          Code.list(
              new InsnNode(Opcodes.ICONST_0),
              new TypeInsnNode(Opcodes.ANEWARRAY, "java/lang/String"));
    };
  }
}
