package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ACC_NATIVE;
import static org.objectweb.asm.Opcodes.ACC_PRIVATE;
import static org.objectweb.asm.Opcodes.ACC_PROTECTED;
import static org.objectweb.asm.Opcodes.ACC_PUBLIC;
import static org.objectweb.asm.Opcodes.JSR;
import static org.objectweb.asm.Opcodes.MONITOREXIT;
import static org.objectweb.asm.Opcodes.RETURN;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassTooLargeException;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodTooLargeException;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LookupSwitchInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TableSwitchInsnNode;
import org.objectweb.asm.tree.TryCatchBlockNode;

/**
 * Turns the calls of one class that reach the process into calls of the shims. The frames of
 * methods stay valid, because no rule adds a jump to an existing method. Confined to one thread.
 */
public final class ClassRewriter {
  private static final int UNLOCK_NEAR = 10;

  private final ProgramClasses code;
  private final boolean companion;
  private final ClassReader reader;
  private ClassNode type = new ClassNode();

  /**
   * A class of that program.
   *
   * @param companion whether to write the companion of this interface instead of the interface
   * @throws IllegalArgumentException when the class's version is not known
   */
  public ClassRewriter(ProgramClasses code, byte[] original, boolean companion) {
    this.code = code;
    this.companion = companion;
    this.reader = new ClassReader(original);
  }

  /** The rewritten class. */
  public byte[] rewrite() {
    try {
      return write(false);
    } catch (MethodTooLargeException | ClassTooLargeException e) {
      // Leaves out what is not essential. The class then cannot be stopped.
      code.fallBack(reader.getClassName().replace('/', '.') + " is too large");
      type = new ClassNode();
      return write(true);
    }
  }

  private byte[] write(boolean small) {
    reader.accept(type, 0);
    if (companion) {
      type = StaticsReset.companion(type);
    }
    openMain();
    type.superName = CallRules.REPLACED.getOrDefault(type.superName, type.superName);
    String name = type.name.replace('/', '.');
    for (MethodNode method : type.methods) {
      if ((method.access & ACC_NATIVE) != 0) {
        code.findings().add("native method", name + "." + method.name);
        code.fallBack(name + " has native methods");
      }
      if (isFinalizer(method)) {
        // The JVM calls it when it likes, also while the next request is in this instance.
        code.fallBack(name + " has a finalizer");
      }
      if (code.polls() && !small) {
        polls(method);
      }
    }
    List<MethodNode> own = List.copyOf(type.methods);
    new CallRules(code, type).apply();
    if (!small) {
      own.forEach(ClassRewriter::handlers);
    }
    if (code.resets()) {
      new StaticsReset(code, type, small).apply();
    }
    new AskedByJdk(code, type).apply();
    ClassWriter writer = new ClassWriter(0);
    type.accept(writer);
    return writer.toByteArray();
  }

  /** Whether the JVM would call the method on an object that is gone. It calls no empty one. */
  private static boolean isFinalizer(MethodNode method) {
    if (!method.name.equals("finalize") || !method.desc.equals("()V")) {
      return false;
    }
    for (AbstractInsnNode at : method.instructions) {
      if (at.getOpcode() >= 0 && at.getOpcode() != RETURN) {
        return true;
      }
    }
    return false;
  }

  /** Makes main public, because a class of another package calls it without reflection. */
  private void openMain() {
    if (!type.name.equals(code.main().replace('.', '/')) && !hasMain()) {
      return;
    }
    for (MethodNode method : type.methods) {
      boolean opens =
          method.name.equals("main") || method.name.equals("<init>") && method.desc.equals("()V");
      if (opens && (method.access & ACC_PRIVATE) == 0) {
        method.access = method.access & ~ACC_PROTECTED | ACC_PUBLIC;
        type.access |= ACC_PUBLIC;
      }
    }
  }

  private boolean hasMain() {
    return type.methods.stream()
        .anyMatch(m -> m.name.equals("main") && (m.access & ACC_PRIVATE) == 0);
  }

  // ---- the end of a program ----

  /** Puts a poll before each backward jump, so that a loop can be stopped. */
  private static void polls(MethodNode method) {
    InsnList list = method.instructions;
    List<AbstractInsnNode> backward = new ArrayList<>();
    for (AbstractInsnNode at : list) {
      if (targets(at).anyMatch(label -> list.indexOf(label) < list.indexOf(at))) {
        backward.add(at);
      }
    }
    for (AbstractInsnNode at : backward) {
      list.insertBefore(at, Code.invokeStatic(Names.POLLS, "poll", "()V"));
    }
  }

  /** Where an instruction may jump to, apart from subroutines. */
  private static Stream<LabelNode> targets(AbstractInsnNode at) {
    if (at instanceof JumpInsnNode jump) {
      return at.getOpcode() == JSR ? Stream.of() : Stream.of(jump.label);
    }
    if (at instanceof TableSwitchInsnNode table) {
      return Stream.concat(table.labels.stream(), Stream.of(table.dflt));
    }
    return at instanceof LookupSwitchInsnNode lookup
        ? Stream.concat(lookup.labels.stream(), Stream.of(lookup.dflt))
        : Stream.of();
  }

  /**
   * Lets no exception handler of the program run after the program has ended: no catch and no
   * finally, as after System.exit. Handlers that release a monitor or a lock still run, so that the
   * program's other threads can end too.
   */
  private static void handlers(MethodNode method) {
    Set<LabelNode> done = new HashSet<>();
    for (TryCatchBlockNode block : method.tryCatchBlocks) {
      AbstractInsnNode at = block.handler;
      if (!done.add(block.handler) || releases(at)) {
        continue;
      }
      while (at.getNext() != null && at.getNext().getOpcode() < 0) {
        at = at.getNext();
      }
      method.instructions.insert(at, Code.shim(Names.SYSTEM, "handled", "()V"));
      method.maxStack = Math.max(method.maxStack + 1, 2);
    }
  }

  private static boolean releases(AbstractInsnNode handler) {
    int seen = 0;
    for (@Nullable AbstractInsnNode at = handler;
        at != null && seen < UNLOCK_NEAR;
        at = at.getNext()) {
      if (at.getOpcode() >= 0) {
        seen++;
      }
      if (at.getOpcode() == Opcodes.GOTO
          || at.getOpcode() == Opcodes.ATHROW
          || at.getOpcode() >= Opcodes.IRETURN && at.getOpcode() <= RETURN) {
        return false;
      }
      if (at.getOpcode() == MONITOREXIT
          || at instanceof MethodInsnNode call
              && call.owner.startsWith("java/util/concurrent/locks/")
              && call.name.startsWith("unlock")) {
        return true;
      }
    }
    return false;
  }
}
