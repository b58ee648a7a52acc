package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.INVOKESPECIAL;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.NEW;

import java.util.ArrayList;
import java.util.List;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Methods that are added to a class because some calls cannot be replaced where they stand: those
 * behind method handles, by reflection and for string concatenation. Confined to one class and
 * thread.
 */
final class Bridges {
  private static final String REFLECT = Names.PREFIX + "r$";
  private static final String FIELD = "java/lang/reflect/Field";

  private final ProgramClasses code;
  private final ClassNode type;
  private final CallRules rules;
  final List<MethodNode> added = new ArrayList<>();

  Bridges(ProgramClasses code, ClassNode type, CallRules rules) {
    this.code = code;
    this.type = type;
    this.rules = rules;
  }

  // ---- reflection: the call stays in the program's class, because it checks its caller ----

  /** Replaces a call by reflection; false when the call is none. */
  boolean reflect(MethodNode method, MethodInsnNode call) {
    boolean isReflective =
        call.owner.equals("java/lang/reflect/Method") && call.name.equals("invoke")
            || call.owner.equals("java/lang/reflect/Constructor") && call.name.equals("newInstance")
            || call.owner.equals(FIELD)
                && (call.name.startsWith("get") && call.desc.startsWith("(Ljava/lang/Object;)")
                    || call.name.startsWith("set") && call.desc.startsWith("(Ljava/lang/Object;"));
    if (!isReflective
        || code.directReflection()
        || !Code.takesBridges(type)
        || method.name.startsWith(REFLECT)) {
      return false;
    }
    String descriptor = "(L" + call.owner + ";" + call.desc.substring(1);
    String name = REFLECT + call.name;
    if (added.stream().noneMatch(bridge -> bridge.name.equals(name))) {
      added.add(reflective(name, descriptor, call));
    }
    method.instructions.set(call, Code.invoke(type, name, descriptor));
    return true;
  }

  /**
   * Writes {@code if (isRedirected(member)) return shim(member, …); return member.call(…);}. Before
   * that a field is replaced by the one that holds its value, and its class is initialized.
   */
  private MethodNode reflective(String name, String descriptor, MethodInsnNode call) {
    MethodNode bridge = Code.bridge(name, descriptor);
    InsnList list = bridge.instructions;
    if (call.owner.equals(FIELD)) {
      String shim = call.name.startsWith("get") ? "moved" : "initialized";
      list.add(new VarInsnNode(Opcodes.ALOAD, 0));
      list.add(Code.invokeStatic(Names.REFLECTION, shim, "(L" + FIELD + ";)L" + FIELD + ";"));
      list.add(new VarInsnNode(Opcodes.ASTORE, 0));
    }
    MethodInsnNode copy = (MethodInsnNode) call.clone(null);
    if (call.desc.endsWith("Ljava/lang/Object;")) {
      InsnList asked = Code.list(new VarInsnNode(Opcodes.ALOAD, 0));
      asked.add(Code.invokeStatic(Names.REFLECTION, "isRedirected", "(L" + call.owner + ";)Z"));
      InsnList shim = Code.shim(Names.REFLECTION, call.name, descriptor);
      Code.either(bridge, type, asked, shim, copy);
    } else {
      Code.call(bridge, copy);
    }
    return bridge;
  }

  // ---- handles ----

  void dynamic(MethodNode method, InvokeDynamicInsnNode dynamic) {
    if (dynamic.bsm.getOwner().equals("java/lang/invoke/StringConcatFactory")
        && dynamic.name.equals("makeConcatWithConstants")
        && !Code.isInterface(type)) {
      MethodNode concat = Code.bridge(Names.PREFIX + added.size(), dynamic.desc);
      if (Concatenation.write(concat, dynamic)) {
        added.add(concat);
        method.instructions.set(dynamic, Code.invokeStatic(type.name, concat.name, dynamic.desc));
        return;
      }
    }
    for (int i = 0; i < dynamic.bsmArgs.length; i++) {
      if (dynamic.bsmArgs[i] instanceof Handle handle) {
        dynamic.bsmArgs[i] = bridged(handle);
      }
    }
  }

  /**
   * Replaces a handle, if a rule applies to the method behind it. A handle has no room for the
   * instance, so the new one calls an added method of the class, which passes the instance.
   */
  Handle bridged(Handle handle) {
    boolean made = handle.getTag() == Opcodes.H_NEWINVOKESPECIAL;
    int opcode =
        switch (handle.getTag()) {
          case Opcodes.H_INVOKESTATIC -> INVOKESTATIC;
          case Opcodes.H_INVOKEINTERFACE -> Opcodes.INVOKEINTERFACE;
          case Opcodes.H_INVOKEVIRTUAL -> Opcodes.INVOKEVIRTUAL;
          case Opcodes.H_NEWINVOKESPECIAL -> INVOKESPECIAL;
          default -> Opcodes.NOP;
        };
    MethodInsnNode call =
        new MethodInsnNode(
            opcode, handle.getOwner(), handle.getName(), handle.getDesc(), handle.isInterface());
    if (opcode == Opcodes.NOP || !Code.takesBridges(type) || !isTouched(call)) {
      return handle;
    }
    String receiver = "L" + handle.getOwner() + ";";
    String descriptor = handle.getDesc();
    if (made) {
      descriptor = descriptor.replace(")V", ")" + receiver);
    } else if (opcode != INVOKESTATIC) {
      descriptor = "(" + receiver + descriptor.substring(1);
    }
    MethodNode bridge = Code.bridge(Names.PREFIX + added.size(), descriptor);
    if (made) {
      bridge.instructions.add(new TypeInsnNode(NEW, handle.getOwner()));
      bridge.instructions.add(new InsnNode(Opcodes.DUP));
      bridge.maxStack += 2;
    }
    Code.call(bridge, call);
    added.add(bridge);
    return new Handle(
        Opcodes.H_INVOKESTATIC, type.name, bridge.name, descriptor, Code.isInterface(type));
  }

  /** Whether any rule changes the call behind a handle. */
  private boolean isTouched(MethodInsnNode call) {
    MethodInsnNode tried = (MethodInsnNode) call.clone(null);
    MethodNode trial = Code.bridge("trial", "()V");
    trial.instructions.add(tried);
    int size = added.size();
    rules.call(trial, tried);
    added.subList(size, added.size()).clear();
    return trial.instructions.size() != 1
        || !trial.instructions.getFirst().equals(tried)
        || !tried.name.equals(call.name);
  }

  /** The return type of a descriptor. */
  static String returned(String descriptor) {
    return Type.getReturnType(descriptor).getDescriptor();
  }
}
