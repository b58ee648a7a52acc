package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ARETURN;
import static org.objectweb.asm.Opcodes.DUP;
import static org.objectweb.asm.Opcodes.ILOAD;
import static org.objectweb.asm.Opcodes.INVOKESPECIAL;
import static org.objectweb.asm.Opcodes.INVOKEVIRTUAL;
import static org.objectweb.asm.Opcodes.NEW;

import org.objectweb.asm.Type;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * A string concatenation as a method of its own. In a new loader, linking a concatenation by
 * invokedynamic would take longer than everything else in a small program.
 */
final class Concatenation {
  private static final String BUILDER = "java/lang/StringBuilder";
  private static final char ARGUMENT = '\1';
  private static final char CONSTANT = '\2';

  private Concatenation() {}

  /** Writes the body of the method; false when the concatenation has constants that are no text. */
  static boolean write(MethodNode method, InvokeDynamicInsnNode dynamic) {
    String recipe = (String) dynamic.bsmArgs[0];
    Type[] arguments = Type.getArgumentTypes(dynamic.desc);
    InsnList list = method.instructions;
    list.add(new TypeInsnNode(NEW, BUILDER));
    list.add(new InsnNode(DUP));
    list.add(new MethodInsnNode(INVOKESPECIAL, BUILDER, "<init>", "()V", false));
    StringBuilder text = new StringBuilder();
    int local = 0;
    int argument = 0;
    int constant = 1;
    for (int i = 0; i < recipe.length(); i++) {
      char c = recipe.charAt(i);
      if (c == CONSTANT) {
        if (!(dynamic.bsmArgs[constant] instanceof String more)) {
          return false;
        }
        constant++;
        text.append(more);
      } else if (c == ARGUMENT) {
        append(list, text);
        Type type = arguments[argument++];
        list.add(new VarInsnNode(type.getOpcode(ILOAD), local));
        list.add(append(type));
        local += type.getSize();
      } else {
        text.append(c);
      }
    }
    append(list, text);
    list.add(new MethodInsnNode(INVOKEVIRTUAL, BUILDER, "toString", "()Ljava/lang/String;", false));
    list.add(new InsnNode(ARETURN));
    method.maxStack = 4;
    return true;
  }

  private static void append(InsnList list, StringBuilder text) {
    if (text.length() > 0) {
      list.add(new LdcInsnNode(text.toString()));
      list.add(append(Type.getType(String.class)));
      text.setLength(0);
    }
  }

  private static MethodInsnNode append(Type type) {
    String taken =
        switch (type.getSort()) {
          case Type.BYTE, Type.SHORT, Type.INT -> "I";
          case Type.OBJECT ->
              type.getInternalName().equals("java/lang/String")
                  ? "Ljava/lang/String;"
                  : "Ljava/lang/Object;";
          case Type.ARRAY -> "Ljava/lang/Object;";
          default -> type.getDescriptor();
        };
    return new MethodInsnNode(
        INVOKEVIRTUAL, BUILDER, "append", "(" + taken + ")Ljava/lang/StringBuilder;", false);
  }
}
