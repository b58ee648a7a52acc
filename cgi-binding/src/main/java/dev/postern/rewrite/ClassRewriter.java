package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ACC_INTERFACE;
import static org.objectweb.asm.Opcodes.ACC_NATIVE;
import static org.objectweb.asm.Opcodes.ACC_PRIVATE;
import static org.objectweb.asm.Opcodes.ACC_PROTECTED;
import static org.objectweb.asm.Opcodes.ACC_PUBLIC;
import static org.objectweb.asm.Opcodes.ACC_STATIC;
import static org.objectweb.asm.Opcodes.ACC_SYNTHETIC;
import static org.objectweb.asm.Opcodes.DUP;
import static org.objectweb.asm.Opcodes.GETSTATIC;
import static org.objectweb.asm.Opcodes.INVOKESPECIAL;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.JSR;
import static org.objectweb.asm.Opcodes.MONITOREXIT;
import static org.objectweb.asm.Opcodes.NEW;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassTooLargeException;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Handle;
import org.objectweb.asm.MethodTooLargeException;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.LookupSwitchInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TableSwitchInsnNode;
import org.objectweb.asm.tree.TryCatchBlockNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Turns the calls of one class that reach the process into calls of the shims. Frames are kept: no
 * rule adds a jump to a method that was there. Confined to one thread.
 */
public final class ClassRewriter {
  private static final String REFLECT = Names.PREFIX + "r$";

  /** Rewritten code makes these instead. */
  private static final Map<String, String> REPLACED =
      Map.of(
          "java/io/FileOutputStream", Names.FILE_OUTPUT,
          "java/io/FileInputStream", Names.FILE_INPUT,
          "java/net/URLClassLoader", Names.URL_LOADER);

  /** Constructors that get one more argument, by the method that gives it and that one's type. */
  private static final Map<String, String> CONSTRUCTORS =
      Map.of(
          "java/text/SimpleDateFormat(Ljava/lang/String;)V", "locale ()Ljava/util/Locale;",
          "java/text/DecimalFormat(Ljava/lang/String;)V",
              "symbols ()Ljava/text/DecimalFormatSymbols;",
          "java/util/Formatter()V", "locale ()Ljava/util/Locale;",
          "java/util/Formatter(Ljava/lang/Appendable;)V", "locale ()Ljava/util/Locale;",
          "java/util/GregorianCalendar()V", "zone ()Ljava/util/TimeZone;");

  /** Setters of what all requests would see. */
  private static final Set<String> REFUSED =
      Set.of(
          "java/net/Authenticator.setDefault",
          "java/net/CookieHandler.setDefault",
          "java/net/ProxySelector.setDefault",
          "java/net/ResponseCache.setDefault",
          "java/net/URL.setURLStreamHandlerFactory",
          "java/net/URLConnection.setContentHandlerFactory",
          "java/net/URLConnection.setFileNameMap",
          "java/net/HttpURLConnection.setFollowRedirects",
          "java/net/Socket.setSocketImplFactory",
          "java/net/ServerSocket.setSocketFactory",
          "java/net/DatagramSocket.setDatagramSocketImplFactory",
          "javax/net/ssl/SSLContext.setDefault",
          "javax/net/ssl/HttpsURLConnection.setDefaultHostnameVerifier",
          "javax/net/ssl/HttpsURLConnection.setDefaultSSLSocketFactory",
          "java/security/Policy.setPolicy",
          "java/security/Security.setProperty",
          "java/lang/System.setSecurityManager",
          "sun/misc/Signal.handle");

  /** What any rule adds to the operand stack. */
  private static final int STACK = 6;

  private static final int INTERFACE_METHODS = 52;
  private static final int UNLOCK_NEAR = 10;

  private final ProgramClasses code;
  private final byte[] original;
  private final boolean companion;
  private final ClassReader reader;
  private ClassNode type = new ClassNode();
  private final List<MethodNode> added = new ArrayList<>();
  private boolean changed;
  private boolean small;

  /**
   * A class of that program.
   *
   * @param companion for what holds the state of that interface, not for itself
   * @throws IllegalArgumentException when it is of a version that is not known
   */
  public ClassRewriter(ProgramClasses code, byte[] original, boolean companion) {
    this.code = code;
    this.companion = companion;
    this.original = original;
    this.reader = new ClassReader(original);
  }

  /** The class as it is to be defined. */
  public byte[] rewrite() {
    try {
      return write();
    } catch (MethodTooLargeException | ClassTooLargeException e) {
      // Without what can be done without: it cannot be stopped, or initialized again.
      code.fallBack(reader.getClassName().replace('/', '.') + " is too large");
      small = true;
      added.clear();
      type = new ClassNode();
      return write();
    }
  }

  private byte[] write() {
    reader.accept(type, 0);
    if (companion) {
      type = StaticsReset.companion(type);
      changed = true;
    }
    openMain();
    if (REPLACED.containsKey(type.superName)) {
      type.superName = REPLACED.get(type.superName);
      changed = true;
    }
    for (MethodNode method : type.methods) {
      rewrite(method);
    }
    for (int i = 0; i < added.size(); i++) {
      calls(added.get(i));
    }
    type.methods.addAll(added);
    if (code.resets() && !small) {
      changed |= new StaticsReset(code, type).apply();
    }
    if (!changed) {
      return original;
    }
    ClassWriter writer = new ClassWriter(0);
    type.accept(writer);
    return writer.toByteArray();
  }

  /** The way to main is a call of another package, not reflection. */
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
        changed = true;
      }
    }
  }

  private boolean hasMain() {
    return type.methods.stream()
        .anyMatch(m -> m.name.equals("main") && (m.access & ACC_PRIVATE) == 0);
  }

  private void rewrite(MethodNode method) {
    if ((method.access & ACC_NATIVE) != 0) {
      code.findings().add("native method", type.name.replace('/', '.') + "." + method.name);
      code.fallBack(type.name.replace('/', '.') + " has native methods");
    }
    if (method.instructions.size() == 0) {
      return;
    }
    if (code.polls() && !small) {
      polls(method);
    }
    calls(method);
    if (!small) {
      handlers(method);
    }
  }

  // ---- calls ----

  private void calls(MethodNode method) {
    AbstractInsnNode next;
    boolean before = changed;
    changed = false;
    for (AbstractInsnNode at = method.instructions.getFirst(); at != null; at = next) {
      next = at.getNext();
      if (at instanceof FieldInsnNode field && at.getOpcode() == GETSTATIC) {
        CallTable.Target target = code.table().field(field.owner, field.name);
        if (target != null) {
          redirect(method, at, target);
        }
      } else if (at instanceof MethodInsnNode call) {
        call(method, call);
      } else if (at instanceof TypeInsnNode made && at.getOpcode() == NEW) {
        String replacement = REPLACED.get(made.desc);
        if (replacement != null) {
          made.desc = replacement;
          changed = true;
        }
      } else if (at instanceof InvokeDynamicInsnNode dynamic) {
        dynamic(method, dynamic);
      } else if (at instanceof LdcInsnNode constant && constant.cst instanceof Handle handle) {
        constant.cst = bridged(handle);
      }
    }
    if (changed) {
      method.maxStack += STACK;
    }
    changed |= before;
  }

  private void call(MethodNode method, MethodInsnNode call) {
    code.findings().note(call);
    String replacement = REPLACED.get(call.owner);
    if (replacement != null && call.name.equals("<init>")) {
      method.instructions.insertBefore(call, own());
      call.owner = replacement;
      call.desc = call.desc.replace(")", Names.INSTANCE + ")");
      changed = true;
      return;
    }
    if (call.name.equals("<init>")) {
      String more = CONSTRUCTORS.get(call.owner + call.desc);
      if (more != null) {
        int split = more.indexOf(' ');
        String added =
            Type.getMethodType(more.substring(split + 1)).getReturnType().getDescriptor();
        method.instructions.insertBefore(call, own());
        method.instructions.insertBefore(
            call,
            new MethodInsnNode(
                INVOKESTATIC,
                Names.LOCALES,
                more.substring(0, split),
                "(" + Names.INSTANCE + ")" + added,
                false));
        call.desc = call.desc.replace(")", added + ")");
        changed = true;
        return;
      }
    }
    if (isReflective(call) && !method.name.startsWith(REFLECT)) {
      reflect(method, call);
      return;
    }
    CallTable.Target target =
        call.getOpcode() == INVOKESPECIAL
            ? null
            : code.table().call(code, call.owner, call.name, call.desc);
    if (target != null) {
      if (target.method().getAnnotation(Redirect.class).refused() && code.jvmWide()) {
        return;
      }
      redirect(method, call, target);
      return;
    }
    hooks(method, call);
    int locals = PathRules.apply(method, call, code);
    if (locals > 0) {
      method.maxLocals += locals;
      changed = true;
    }
  }

  /** What is called before or after a call that stays, as the JDK asks who its caller is. */
  private void hooks(MethodNode method, MethodInsnNode call) {
    if (call.owner.equals("java/sql/DriverManager")) {
      if (call.name.equals("registerDriver") && call.desc.equals("(Ljava/sql/Driver;)V")) {
        method.instructions.insertBefore(call, new InsnNode(DUP));
        method.instructions.insertBefore(call, own());
        String descriptor = "(Ljava/lang/Object;" + Names.INSTANCE + ")V";
        method.instructions.insertBefore(
            call, new MethodInsnNode(INVOKESTATIC, Names.SYSTEM, "registers", descriptor, false));
        changed = true;
      } else if (!call.name.contains("egister")) {
        before(method, call, "drivers");
      }
    } else if (makesThreads(call)) {
      made(method, call);
    } else if (call.owner.equals("java/lang/Class")
        && call.desc.startsWith("(Ljava/lang/String;)Ljava/lang/Class;")
        && call.name.equals("forName")) {
      method.instructions.insert(
          call,
          new MethodInsnNode(
              INVOKESTATIC,
              Names.REFLECTION,
              "initialized",
              "(Ljava/lang/Class;)Ljava/lang/Class;",
              false));
      changed = true;
    } else if (REFUSED.contains(call.owner + "." + call.name) && !code.jvmWide()) {
      code.findings().add("refused", call.owner.replace('/', '.') + "." + call.name);
      InsnList list = new InsnList();
      list.add(new LdcInsnNode(call.owner.replace('/', '.') + "." + call.name));
      list.add(own());
      list.add(
          new MethodInsnNode(
              INVOKESTATIC,
              Names.WIDE,
              "refuse",
              "(Ljava/lang/String;" + Names.INSTANCE + ")V",
              false));
      method.instructions.insertBefore(call, list);
      changed = true;
    }
  }

  /**
   * Whether the call makes something whose threads heed no interrupt, but end when they are told.
   */
  private static boolean makesThreads(MethodInsnNode call) {
    return call.owner.equals("java/util/concurrent/Executors")
            && call.desc.endsWith("ExecutorService;")
        || call.name.equals("<init>")
            && (call.owner.endsWith("ThreadPoolExecutor") || call.owner.endsWith("util/Timer"))
            && call.owner.startsWith("java/util/");
  }

  private void made(MethodNode method, MethodInsnNode call) {
    boolean isSuper = method.name.equals("<init>") && call.owner.equals(type.superName);
    InsnList list = new InsnList();
    list.add(isSuper ? new VarInsnNode(Opcodes.ALOAD, 0) : new InsnNode(DUP));
    list.add(own());
    list.add(
        new MethodInsnNode(
            INVOKESTATIC,
            Names.SYSTEM,
            "made",
            "(Ljava/lang/Object;" + Names.INSTANCE + ")V",
            false));
    method.instructions.insert(call, list);
    changed = true;
  }

  private void before(MethodNode method, MethodInsnNode call, String hook) {
    method.instructions.insertBefore(call, own());
    method.instructions.insertBefore(
        call,
        new MethodInsnNode(INVOKESTATIC, Names.SYSTEM, hook, "(" + Names.INSTANCE + ")V", false));
    changed = true;
  }

  private void redirect(MethodNode method, AbstractInsnNode at, CallTable.Target target) {
    Redirect redirect = target.method().getAnnotation(Redirect.class);
    code.findings()
        .add(redirect.refused() ? "refused" : "redirected", redirect.value()[0].replace('/', '.'));
    method.instructions.insertBefore(at, own());
    method.instructions.set(
        at,
        new MethodInsnNode(
            INVOKESTATIC, target.owner(), target.name(), target.descriptor(), false));
    String declared =
        at instanceof MethodInsnNode call
            ? Type.getReturnType(call.desc).getDescriptor()
            : ((FieldInsnNode) at).desc;
    String given = Type.getReturnType(target.descriptor()).getDescriptor();
    if (!declared.equals(given) && declared.startsWith("L")) {
      throw new IllegalStateException(
          "shim must return what it stands for: " + target.name() + " " + declared);
    }
    changed = true;
  }

  static FieldInsnNode own() {
    return new FieldInsnNode(GETSTATIC, Names.OWN, "I", Names.INSTANCE);
  }

  // ---- reflection: the call itself stays in the program's class, as it asks for its caller ----

  private boolean isReflective(MethodInsnNode call) {
    return !code.directReflection()
        && (type.access & ACC_INTERFACE) == 0
        && (call.owner.equals("java/lang/reflect/Method") && call.name.equals("invoke")
            || call.owner.equals("java/lang/reflect/Field")
                && call.name.startsWith("get")
                && call.desc.startsWith("(Ljava/lang/Object;)"));
  }

  private void reflect(MethodNode method, MethodInsnNode call) {
    boolean invoke = call.name.equals("invoke");
    String descriptor = "(L" + call.owner + ";" + call.desc.substring(1);
    String name = REFLECT + call.name;
    boolean there = added.stream().anyMatch(m -> m.name.equals(name));
    if (!there) {
      added.add(invoke ? invoker(name, descriptor) : getter(name, descriptor, call));
    }
    method.instructions.set(
        call, new MethodInsnNode(INVOKESTATIC, type.name, name, descriptor, false));
    changed = true;
  }

  /** if (isRedirected(m)) return shim(m, o, args); return m.invoke(o, args); */
  private MethodNode invoker(String name, String descriptor) {
    MethodNode bridge = bridge(name, descriptor);
    InsnList list = bridge.instructions;
    LabelNode direct = new LabelNode();
    list.add(new VarInsnNode(Opcodes.ALOAD, 0));
    list.add(reflection("isRedirected", "(Ljava/lang/reflect/Method;)Z"));
    list.add(new JumpInsnNode(Opcodes.IFEQ, direct));
    load(bridge);
    list.add(own());
    list.add(reflection("invoke", descriptor.replace(")", Names.INSTANCE + ")")));
    list.add(new InsnNode(Opcodes.ARETURN));
    list.add(direct);
    frame(list);
    load(bridge);
    list.add(call("java/lang/reflect/Method", "invoke", descriptor));
    list.add(new InsnNode(Opcodes.ARETURN));
    return bridge;
  }

  private MethodNode getter(String name, String descriptor, MethodInsnNode call) {
    MethodNode bridge = bridge(name, descriptor);
    InsnList list = bridge.instructions;
    LabelNode direct = new LabelNode();
    int returns = Type.getReturnType(descriptor).getOpcode(Opcodes.IRETURN);
    list.add(new VarInsnNode(Opcodes.ALOAD, 0));
    list.add(reflection("isRedirected", "(Ljava/lang/reflect/Field;)Z"));
    list.add(new JumpInsnNode(Opcodes.IFEQ, direct));
    if (call.name.equals("get")) {
      list.add(new VarInsnNode(Opcodes.ALOAD, 0));
      list.add(own());
      list.add(
          reflection("get", "(Ljava/lang/reflect/Field;" + Names.INSTANCE + ")Ljava/lang/Object;"));
      list.add(new InsnNode(Opcodes.ARETURN));
    }
    list.add(direct);
    frame(list);
    load(bridge);
    list.add(call("java/lang/reflect/Field", call.name, descriptor));
    list.add(new InsnNode(returns));
    return bridge;
  }

  private static MethodInsnNode reflection(String name, String descriptor) {
    return new MethodInsnNode(INVOKESTATIC, Names.REFLECTION, name, descriptor, false);
  }

  private static MethodInsnNode call(String owner, String name, String descriptor) {
    String own = "(" + descriptor.substring(descriptor.indexOf(';') + 1);
    return new MethodInsnNode(Opcodes.INVOKEVIRTUAL, owner, name, own, false);
  }

  private void frame(InsnList list) {
    if ((type.version & 0xFFFF) >= Opcodes.V1_6) {
      list.add(new org.objectweb.asm.tree.FrameNode(Opcodes.F_SAME, 0, null, 0, null));
    }
  }

  // ---- handles ----

  private void dynamic(MethodNode method, InvokeDynamicInsnNode dynamic) {
    if (dynamic.bsm.getOwner().equals("java/lang/invoke/StringConcatFactory")
        && dynamic.name.equals("makeConcatWithConstants")
        && (type.access & ACC_INTERFACE) == 0) {
      MethodNode concat = bridge(Names.PREFIX + added.size(), dynamic.desc);
      if (Concatenation.write(concat, dynamic)) {
        added.add(concat);
        method.instructions.set(
            dynamic, new MethodInsnNode(INVOKESTATIC, type.name, concat.name, dynamic.desc, false));
        changed = true;
        return;
      }
    }
    for (int i = 0; i < dynamic.bsmArgs.length; i++) {
      if (dynamic.bsmArgs[i] instanceof Handle handle) {
        dynamic.bsmArgs[i] = bridged(handle);
      }
    }
  }

  /** A handle has no room for the instance: it goes through a method of the class, if it must. */
  private Handle bridged(Handle handle) {
    int tag = handle.getTag();
    boolean isField = tag <= Opcodes.H_PUTSTATIC;
    if (isField
        || (type.version & 0xFFFF) < INTERFACE_METHODS && (type.access & ACC_INTERFACE) != 0) {
      return handle;
    }
    int opcode =
        switch (tag) {
          case Opcodes.H_INVOKESTATIC -> INVOKESTATIC;
          case Opcodes.H_INVOKEINTERFACE -> Opcodes.INVOKEINTERFACE;
          case Opcodes.H_INVOKEVIRTUAL -> Opcodes.INVOKEVIRTUAL;
          case Opcodes.H_NEWINVOKESPECIAL -> INVOKESPECIAL;
          default -> Opcodes.NOP;
        };
    boolean made = tag == Opcodes.H_NEWINVOKESPECIAL;
    if (opcode == Opcodes.NOP || !isTouched(handle, opcode)) {
      return handle;
    }
    String receiver = "L" + handle.getOwner() + ";";
    String descriptor = handle.getDesc();
    if (made) {
      descriptor = descriptor.replace(")V", ")" + receiver);
    } else if (opcode != INVOKESTATIC) {
      descriptor = "(" + receiver + descriptor.substring(1);
    }
    MethodNode bridge = bridge(Names.PREFIX + added.size(), descriptor);
    if (made) {
      bridge.instructions.add(new TypeInsnNode(NEW, handle.getOwner()));
      bridge.instructions.add(new InsnNode(DUP));
      bridge.maxStack += 2;
    }
    load(bridge);
    bridge.instructions.add(
        new MethodInsnNode(
            opcode, handle.getOwner(), handle.getName(), handle.getDesc(), handle.isInterface()));
    bridge.instructions.add(
        new InsnNode(Type.getReturnType(descriptor).getOpcode(Opcodes.IRETURN)));
    added.add(bridge);
    changed = true;
    return new Handle(
        Opcodes.H_INVOKESTATIC,
        type.name,
        bridge.name,
        descriptor,
        (type.access & ACC_INTERFACE) != 0);
  }

  /** Whether a rule has something to say to the call behind a handle. */
  private boolean isTouched(Handle handle, int opcode) {
    MethodInsnNode call =
        new MethodInsnNode(
            opcode, handle.getOwner(), handle.getName(), handle.getDesc(), handle.isInterface());
    boolean before = changed;
    changed = false;
    MethodNode trial = bridge("trial", "()V");
    trial.instructions.add(call);
    int size = added.size();
    call(trial, call);
    boolean touched = changed;
    while (added.size() > size) {
      added.remove(added.size() - 1);
    }
    changed = before;
    return touched;
  }

  private MethodNode bridge(String name, String descriptor) {
    MethodNode bridge =
        new MethodNode(ACC_PRIVATE | ACC_STATIC | ACC_SYNTHETIC, name, descriptor, null, null);
    for (Type argument : Type.getArgumentTypes(descriptor)) {
      bridge.maxLocals += argument.getSize();
    }
    bridge.maxStack = bridge.maxLocals + 2;
    return bridge;
  }

  static void load(MethodNode bridge) {
    int local = 0;
    for (Type argument : Type.getArgumentTypes(bridge.desc)) {
      bridge.instructions.add(new VarInsnNode(argument.getOpcode(Opcodes.ILOAD), local));
      local += argument.getSize();
    }
  }

  // ---- the end of a program ----

  /** A poll at each backward jump, so that a loop can be stopped. */
  private void polls(MethodNode method) {
    IdentityHashMap<AbstractInsnNode, Integer> order = new IdentityHashMap<>();
    for (AbstractInsnNode at = method.instructions.getFirst(); at != null; at = at.getNext()) {
      order.put(at, order.size());
    }
    for (AbstractInsnNode at : method.instructions.toArray()) {
      if (order.containsKey(at) && isBackward(at, order)) {
        method.instructions.insertBefore(
            at, new MethodInsnNode(INVOKESTATIC, Names.OWN, "poll", "()V", false));
        changed = true;
      }
    }
  }

  private static boolean isBackward(
      AbstractInsnNode at, IdentityHashMap<AbstractInsnNode, Integer> order) {
    int here = order.getOrDefault(at, Integer.MAX_VALUE);
    if (at instanceof JumpInsnNode jump) {
      return at.getOpcode() != JSR && order.getOrDefault(jump.label, Integer.MAX_VALUE) < here;
    }
    List<LabelNode> labels = new ArrayList<>();
    if (at instanceof TableSwitchInsnNode table) {
      labels.addAll(table.labels);
      labels.add(table.dflt);
    } else if (at instanceof LookupSwitchInsnNode lookup) {
      labels.addAll(lookup.labels);
      labels.add(lookup.dflt);
    }
    return labels.stream().anyMatch(label -> order.getOrDefault(label, Integer.MAX_VALUE) < here);
  }

  /**
   * No handler of the program runs once it has ended: as with System.exit, no catch and no finally.
   * But those that release a monitor or a lock do, so that its other threads can end too.
   */
  private void handlers(MethodNode method) {
    Set<LabelNode> done = new HashSet<>();
    for (TryCatchBlockNode block : method.tryCatchBlocks) {
      AbstractInsnNode at = block.handler;
      if (!done.add(block.handler) || releases(at)) {
        continue;
      }
      while (at.getNext() != null && at.getNext().getOpcode() < 0) {
        at = at.getNext();
      }
      InsnList list = new InsnList();
      list.add(own());
      list.add(
          new MethodInsnNode(
              INVOKESTATIC, Names.SYSTEM, "handled", "(" + Names.INSTANCE + ")V", false));
      method.instructions.insert(at, list);
      method.maxStack = Math.max(method.maxStack + 1, 2);
      changed = true;
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
          || at.getOpcode() >= Opcodes.IRETURN && at.getOpcode() <= Opcodes.RETURN) {
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
