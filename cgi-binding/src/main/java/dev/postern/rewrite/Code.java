package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ACC_PRIVATE;
import static org.objectweb.asm.Opcodes.ACC_STATIC;
import static org.objectweb.asm.Opcodes.ACC_SYNTHETIC;
import static org.objectweb.asm.Opcodes.GETSTATIC;
import static org.objectweb.asm.Opcodes.ILOAD;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.IRETURN;

import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.FrameNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/** Pieces of code that several rules write. */
final class Code {
  private Code() {}

  /** Loads the instance that the class belongs to. */
  static FieldInsnNode own() {
    return new FieldInsnNode(GETSTATIC, Names.OWN, "I", Names.INSTANCE);
  }

  static InsnList list(AbstractInsnNode... instructions) {
    InsnList list = new InsnList();
    for (AbstractInsnNode each : instructions) {
      list.add(each);
    }
    return list;
  }

  static MethodInsnNode invokeStatic(String owner, String name, String descriptor) {
    return new MethodInsnNode(INVOKESTATIC, owner, name, descriptor, false);
  }

  /** Calls a shim, which takes the instance after the arguments of that descriptor. */
  static InsnList shim(String owner, String name, String descriptor) {
    return list(own(), invokeStatic(owner, name, withInstance(descriptor)));
  }

  /** The descriptor of the same method with the instance as its last argument. */
  static String withInstance(String descriptor) {
    return descriptor.replace(")", Names.INSTANCE + ")");
  }

  /**
   * Loads the object that a constructor has made: {@code this} after a call of {@code super()},
   * otherwise a duplicate of the top of the stack. The compiler of Eclipse leaves nothing on the
   * stack if the object is not used. Then the duplicate is made before the call.
   */
  static InsnList made(ClassNode type, MethodNode method, MethodInsnNode call) {
    if (isSuper(type, method, call)) {
      return list(new VarInsnNode(Opcodes.ALOAD, 0));
    }
    if (!call.name.equals("<init>") || isUsed(call)) {
      return list(new InsnNode(Opcodes.DUP));
    }
    InsnList copies = list(new InsnNode(Opcodes.DUP));
    for (Type argument : Type.getArgumentTypes(call.desc)) {
      copies.insert(new VarInsnNode(argument.getOpcode(Opcodes.ISTORE), method.maxLocals));
      copies.add(new VarInsnNode(argument.getOpcode(ILOAD), method.maxLocals));
      method.maxLocals += argument.getSize();
    }
    method.instructions.insertBefore(call, copies);
    return new InsnList();
  }

  /** Whether a reference to the object is left after the call of its constructor. */
  private static boolean isUsed(MethodInsnNode call) {
    int inner = 0;
    for (AbstractInsnNode at = call.getPrevious(); at != null; at = at.getPrevious()) {
      if (isInit(at, call.owner)) {
        inner++;
      } else if (isNew(at, call.owner) && inner-- == 0) {
        AbstractInsnNode next = at.getNext();
        while (next.getOpcode() < 0) {
          next = next.getNext();
        }
        return next.getOpcode() >= Opcodes.DUP && next.getOpcode() <= Opcodes.DUP2_X2;
      }
    }
    return true;
  }

  private static boolean isNew(AbstractInsnNode at, String type) {
    return at.getOpcode() == Opcodes.NEW && ((TypeInsnNode) at).desc.equals(type);
  }

  private static boolean isInit(AbstractInsnNode at, String type) {
    return at instanceof MethodInsnNode call
        && call.name.equals("<init>")
        && call.owner.equals(type);
  }

  /**
   * Whether the call is a constructor's {@code super()}. A constructor may also make other objects
   * of its superclass. Each of those has a NEW before its call.
   */
  private static boolean isSuper(ClassNode type, MethodNode method, MethodInsnNode call) {
    if (!method.name.equals("<init>") || !call.owner.equals(type.superName)) {
      return false;
    }
    int made = 0;
    for (AbstractInsnNode at : method.instructions) {
      if (isNew(at, call.owner)) {
        made++;
      } else if (isInit(at, call.owner) && --made < 0) {
        return at.equals(call);
      }
    }
    return false;
  }

  /** A method that this package adds to a class of the program. */
  static MethodNode bridge(String name, String descriptor) {
    MethodNode bridge =
        new MethodNode(ACC_PRIVATE | ACC_STATIC | ACC_SYNTHETIC, name, descriptor, null, null);
    bridge.maxLocals = Type.getArgumentsAndReturnSizes(descriptor) >> 2;
    bridge.maxStack = bridge.maxLocals + 2;
    return bridge;
  }

  static boolean isInterface(ClassNode type) {
    return (type.access & Opcodes.ACC_INTERFACE) != 0;
  }

  /** Whether a bridge may be added to the class. Old interfaces have no static methods. */
  static boolean takesBridges(ClassNode type) {
    return !isInterface(type) || (type.version & 0xFFFF) >= Opcodes.V1_8;
  }

  /** The call of a bridge of the class. */
  static MethodInsnNode invoke(ClassNode type, String name, String descriptor) {
    return new MethodInsnNode(INVOKESTATIC, type.name, name, descriptor, isInterface(type));
  }

  /** Writes {@code if (asked) return shim(…); return call(…);}. */
  static void either(
      MethodNode bridge, ClassNode type, InsnList asked, InsnList shim, MethodInsnNode call) {
    LabelNode direct = new LabelNode();
    bridge.instructions.add(asked);
    bridge.instructions.add(new JumpInsnNode(Opcodes.IFEQ, direct));
    load(bridge);
    bridge.instructions.add(shim);
    bridge.instructions.add(returned(bridge.desc));
    bridge.instructions.add(direct);
    frame(bridge.instructions, type, same());
    call(bridge, call);
  }

  /** Writes {@code return call(…);}. */
  static void call(MethodNode bridge, MethodInsnNode call) {
    load(bridge);
    bridge.instructions.add(call);
    bridge.instructions.add(returned(bridge.desc));
  }

  /** Puts all arguments of a bridge on the stack. */
  static void load(MethodNode bridge) {
    int local = 0;
    for (Type argument : Type.getArgumentTypes(bridge.desc)) {
      bridge.instructions.add(new VarInsnNode(argument.getOpcode(ILOAD), local));
      local += argument.getSize();
    }
  }

  /** Returns what a method of that descriptor returns. */
  static InsnNode returned(String descriptor) {
    return new InsnNode(Type.getReturnType(descriptor).getOpcode(IRETURN));
  }

  /** Adds a frame to the list, if the class is of a version that has frames. */
  static void frame(InsnList list, ClassNode type, FrameNode frame) {
    if ((type.version & 0xFFFF) >= Opcodes.V1_6) {
      list.add(frame);
    }
  }

  /** A frame with only the method's arguments, and nothing on the stack. */
  static FrameNode same() {
    return new FrameNode(Opcodes.F_SAME, 0, null, 0, null);
  }
}
