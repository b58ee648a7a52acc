package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ACC_FINAL;
import static org.objectweb.asm.Opcodes.ACC_INTERFACE;
import static org.objectweb.asm.Opcodes.ACC_PRIVATE;
import static org.objectweb.asm.Opcodes.ACC_PUBLIC;
import static org.objectweb.asm.Opcodes.ACC_STATIC;
import static org.objectweb.asm.Opcodes.ACC_SYNTHETIC;
import static org.objectweb.asm.Opcodes.ACC_VOLATILE;
import static org.objectweb.asm.Opcodes.GETSTATIC;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.NEW;
import static org.objectweb.asm.Opcodes.PUTSTATIC;
import static org.objectweb.asm.Opcodes.RETURN;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.FieldNode;
import org.objectweb.asm.tree.FrameNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TryCatchBlockNode;
import org.objectweb.asm.tree.TypeInsnNode;

/**
 * Lets a class be initialized lazily once for each request. JVMS 5.5 would initialize it only once.
 * The class's initializer becomes a method. A check of two loads and a compare stands wherever the
 * JVM would ask whether the class is initialized. Confined to one thread.
 *
 * <p>A class may have an ancestor in another package that is not public, and that only its
 * subclasses may name. So code calls a check by the class that it names anyway. This class inherits
 * the check, and the check's own name tells to which ancestor it belongs.
 *
 * <p>The fields of an interface are always final, so they move to a class beside it, its companion.
 * The constants of an enum keep their identity, because the JDK remembers them. {@code KeptState}
 * notes what they hold instead. The other statics of the enum, which its initializer sets after the
 * constants, are initialized again.
 */
public final class StaticsReset {
  private static final String CHECK = Names.PREFIX + "c$";
  private static final String SLOW = Names.PREFIX + "s";
  private static final String INITIALIZER = Names.PREFIX + "i";
  private static final String EPOCH = Names.PREFIX + "e";
  private static final String COMPANION = "$postern";
  private static final String CLASS_INITIALIZER = "<clinit>";

  private final ProgramClasses code;
  private final ClassNode type;
  private final boolean small;

  /**
   * The reset of one class.
   *
   * @param small whether there is little room. A method then checks the classes that it uses when
   *     it begins, and not before each use.
   */
  StaticsReset(ProgramClasses code, ClassNode type, boolean small) {
    this.code = code;
    this.type = type;
    this.small = small;
  }

  /** Changes the class. */
  void apply() {
    ClassNode head = code.head(type.name);
    // A class that was made at run time is gone together with its maker. So it needs no check of
    // its own, only those of the classes that it uses.
    String named = head == null ? type.superName : type.name;
    String ancestor = checked(named);
    MethodInsnNode own = ancestor == null ? null : check(named, ancestor);
    for (MethodNode method : type.methods) {
      if (method.instructions.size() > 0) {
        checks(method, own, isResettable(head));
      }
    }
    if (head == null) {
      return;
    }
    if (type.nestMembers != null) {
      addCompanions(type.nestMembers);
    }
    if (isResettable(head)) {
      boolean splits = !isEnum(head) || split();
      if (isEnum(head)) {
        takeDown();
      } else {
        SerialVersion.keep(code, head, type);
      }
      addInitializer(splits);
    } else if ((head.access & ACC_INTERFACE) != 0) {
      empty();
    } else if (hasState(head)) {
      takeDown();
    }
  }

  // ---- who can be initialized again ----

  private static boolean isResettable(@Nullable ClassNode head) {
    if (head == null || (head.access & ACC_INTERFACE) != 0) {
      return false;
    }
    return isEnum(head)
        ? head.fields.stream().anyMatch(f -> isReset(head, f))
        : hasState(head) && head.fields.stream().noneMatch(StaticsReset::isForSerialization);
  }

  /** Whether serialization reads a static field with state. It does so only if that is final. */
  private static boolean isForSerialization(FieldNode field) {
    return isState(field)
        && (field.access & ACC_FINAL) != 0
        && (field.name.equals("serialPersistentFields") || field.name.equals(SerialVersion.NAME));
  }

  /** Whether a static field is initialized again. The constants of an enum are not. */
  private static boolean isReset(ClassNode head, FieldNode field) {
    boolean isConstant =
        isEnum(head) && ((field.access & Opcodes.ACC_ENUM) != 0 || isValues(head.name, field.desc));
    return isState(field) && !isConstant;
  }

  /**
   * Whether a field is the array of an enum's constants, whatever name a compiler gives it. The
   * initializer sets it after the constants and before the other statics.
   */
  private static boolean isValues(String type, String descriptor) {
    return descriptor.equals("[L" + type + ";");
  }

  private static boolean isEnum(ClassNode head) {
    return (head.access & Opcodes.ACC_ENUM) != 0 || "java/lang/Enum".equals(head.superName);
  }

  private static boolean hasState(ClassNode head) {
    return head.fields.stream().anyMatch(StaticsReset::isState)
        || head.methods.stream().anyMatch(method -> method.name.equals(CLASS_INITIALIZER));
  }

  /** Whether a field is static and not a compile-time constant. */
  private static boolean isState(FieldNode field) {
    return (field.access & ACC_STATIC) != 0
        && (field.value == null || (field.access & ACC_FINAL) == 0);
  }

  /** The class itself or its nearest ancestor that has a check; null for none. */
  private @Nullable String checked(@Nullable String name) {
    for (ClassNode at = code.head(name); at != null; at = code.head(at.superName)) {
      if (isResettable(at)) {
        return at.name;
      }
    }
    return null;
  }

  /** The class on the class path that declares a static field with state, or null. */
  private @Nullable ClassNode declaring(String owner, String field) {
    ClassNode head = code.head(owner);
    ClassNode at = head == null && owner.equals(type.name) ? type : head;
    if (at == null) {
      return null;
    }
    for (FieldNode each : at.fields) {
      if (each.name.equals(field) && (each.access & ACC_STATIC) != 0) {
        return isState(each) ? head : null;
      }
    }
    for (String parent : at.interfaces) {
      ClassNode found = declaring(parent, field);
      if (found != null) {
        return found;
      }
    }
    return at.superName == null ? null : declaring(at.superName, field);
  }

  /**
   * The class whose check comes before an access of a field of {@code declaring}; null when no
   * check is needed.
   */
  private static @Nullable String holder(@Nullable ClassNode declaring) {
    if (declaring == null) {
      return null;
    }
    if ((declaring.access & ACC_INTERFACE) != 0) {
      return declaring.name + COMPANION;
    }
    return isResettable(declaring) ? declaring.name : null;
  }

  // ---- companions of interfaces ----

  /** Whether a class is a companion. */
  public static boolean isCompanion(String name) {
    return name.endsWith(COMPANION);
  }

  /** The name of the interface that a companion belongs to. */
  public static String interfaceOf(String companion) {
    return companion.substring(0, companion.length() - COMPANION.length());
  }

  /**
   * The companion, which holds the state of that interface and the code of its initializer if there
   * is any.
   */
  public static ClassNode companion(ClassNode type) {
    ClassNode made = new ClassNode();
    made.version = type.version;
    made.access = ACC_PUBLIC | ACC_SYNTHETIC | Opcodes.ACC_SUPER;
    made.name = type.name + COMPANION;
    made.superName = "java/lang/Object";
    made.nestHostClass = type.nestMembers == null ? type.nestHostClass : type.name;
    for (FieldNode field : type.fields) {
      if (isState(field)) {
        made.fields.add(
            new FieldNode(
                ACC_PUBLIC | ACC_STATIC | ACC_SYNTHETIC, field.name, field.desc, null, null));
      }
    }
    for (MethodNode method : type.methods) {
      if (method.name.equals(CLASS_INITIALIZER)) {
        made.methods.add(method);
      }
    }
    return made;
  }

  /**
   * Adds companions to the members of a nest, because the initializer of an interface may use what
   * is private in the nest.
   */
  private void addCompanions(List<String> members) {
    List<String> all = new ArrayList<>(members);
    all.add(type.name);
    for (String name : all) {
      ClassNode head = code.head(name);
      if (head != null && (head.access & ACC_INTERFACE) != 0 && hasState(head)) {
        members.add(name + COMPANION);
      }
    }
  }

  /** Empties an interface. Its initializer has moved, and its fields are never read any more. */
  private void empty() {
    type.methods.removeIf(method -> method.name.equals(CLASS_INITIALIZER));
    for (MethodNode method : type.methods) {
      if ((method.access & ACC_STATIC) != 0 && (method.access & ACC_PRIVATE) != 0) {
        // The initializer now calls this method from another class.
        method.access = method.access & ~ACC_PRIVATE | ACC_PUBLIC;
      }
    }
  }

  // ---- checks ----

  /**
   * Adds the checks of the classes that a method uses, and that of its own class.
   *
   * @param own calls the check of the class itself or of an ancestor; null when there is none
   * @param again whether the class's initializer is called by its check, and not by the JVM
   */
  private void checks(MethodNode method, @Nullable MethodInsnNode own, boolean again) {
    boolean isOurs = method.name.startsWith(Names.PREFIX);
    boolean isInitializer = method.name.equals(CLASS_INITIALIZER);
    boolean triggers =
        // An enum is left out, because its own initializer creates its constants.
        method.name.equals("<init>") && !isEnum(type)
            || (method.access & ACC_STATIC) != 0
                && !(isInitializer && again)
                && !method.name.startsWith("lambda$")
                && !isOurs;
    boolean isOfConstants =
        keeps(code.head(type.name)) && (method.name.equals("<init>") || isInitializer);
    boolean touches = false;
    Map<String, MethodInsnNode> first = new LinkedHashMap<>();
    IdentityHashMap<LabelNode, AbstractInsnNode> uninitialized = uninitialized(method);
    for (AbstractInsnNode at : method.instructions.toArray()) {
      String other = null;
      String named = null;
      if (at instanceof FieldInsnNode field
          && (at.getOpcode() == GETSTATIC || at.getOpcode() == PUTSTATIC)) {
        ClassNode declaring = declaring(field.owner, field.name);
        other = holder(declaring);
        if (other != null && isCompanion(other)) {
          field.owner = other;
        }
        named = field.owner;
        if (isOfConstants && at.getOpcode() == GETSTATIC) {
          ask(method, at, declaring, field.name, other);
        }
        // The class may not be initialized yet: an instance from deserialization, for example,
        // comes without a constructor.
        touches |= type.name.equals(other);
      } else if (at instanceof TypeInsnNode made && at.getOpcode() == NEW) {
        other = checked(made.desc);
        named = made.desc;
      } else if (isOfConstants
          && at instanceof MethodInsnNode call
          && at.getOpcode() == INVOKESTATIC) {
        ask(method, at, null, "", checked(call.owner));
      }
      if (named != null && other != null && !other.equals(type.name)) {
        if (small) {
          first.put(other, check(named, other));
        } else {
          method.instructions.insertBefore(at, check(named, other));
        }
      }
    }
    move(method, uninitialized);
    first.values().forEach(method.instructions::insert);
    boolean needs = triggers || touches && !isInitializer && !isOurs;
    if (needs && own != null) {
      method.instructions.insert(own.clone(null));
    }
  }

  /**
   * Before the constants of an enum take something from a static, asks whether it would be the same
   * in the next request. A static that is not final may hold anything.
   *
   * @param declaring the class that declares the field; null for a method
   */
  private void ask(
      MethodNode method,
      AbstractInsnNode at,
      @Nullable ClassNode declaring,
      String field,
      @Nullable String holder) {
    if (holder == null || holder.equals(type.name) || isCounted(at)) {
      return;
    }
    boolean isVariable =
        declaring != null
            && declaring.fields.stream()
                .anyMatch(each -> each.name.equals(field) && (each.access & ACC_FINAL) == 0);
    InsnList list = new InsnList();
    if (isVariable) {
      list.add(Code.shim(Names.SYSTEM, "varies", "()V"));
    } else {
      list.add(new LdcInsnNode(holder));
      list.add(Code.shim(Names.SYSTEM, "takes", "(Ljava/lang/String;)V"));
    }
    method.instructions.insertBefore(at, list);
  }

  /** Whether a static is only read in order to add one to it. */
  private static boolean isCounted(AbstractInsnNode read) {
    AbstractInsnNode one = read.getNext();
    AbstractInsnNode add = one == null ? null : one.getNext();
    return add != null
        && one.getOpcode() == Opcodes.ICONST_1
        && (add.getOpcode() == Opcodes.IADD || add.getOpcode() == Opcodes.ISUB)
        && add.getNext() != null
        && add.getNext().getOpcode() == PUTSTATIC;
  }

  /** Whether a class keeps what its initializer has made. */
  private static boolean keeps(@Nullable ClassNode head) {
    return head != null
        && (head.access & ACC_INTERFACE) == 0
        && (isEnum(head) || hasState(head) && !isResettable(head));
  }

  /**
   * Finds the labels in frames. A frame names an object that is being made by a label at its NEW.
   */
  private static IdentityHashMap<LabelNode, AbstractInsnNode> uninitialized(MethodNode method) {
    IdentityHashMap<LabelNode, AbstractInsnNode> found = new IdentityHashMap<>();
    for (AbstractInsnNode at : method.instructions.toArray()) {
      if (at instanceof FrameNode frame) {
        for (List<Object> types : values(frame)) {
          for (Object type : types) {
            if (type instanceof LabelNode label) {
              AbstractInsnNode made = label;
              while (made.getOpcode() < 0) {
                made = made.getNext();
              }
              found.put(label, made);
            }
          }
        }
      }
    }
    return found;
  }

  /**
   * Moves these labels. A check stands between a label and its NEW, so the frames get a new label
   * behind the check.
   */
  private static void move(
      MethodNode method, IdentityHashMap<LabelNode, AbstractInsnNode> uninitialized) {
    IdentityHashMap<LabelNode, LabelNode> moved = new IdentityHashMap<>();
    uninitialized.forEach(
        (label, made) -> {
          LabelNode behind = new LabelNode();
          method.instructions.insertBefore(made, behind);
          moved.put(label, behind);
        });
    if (moved.isEmpty()) {
      return;
    }
    for (AbstractInsnNode at : method.instructions.toArray()) {
      if (at instanceof FrameNode frame) {
        for (List<Object> types : values(frame)) {
          types.replaceAll(type -> type instanceof LabelNode label ? moved.get(label) : type);
        }
      }
    }
  }

  private static List<List<Object>> values(FrameNode frame) {
    if (frame.local != null) {
      frame.local = new ArrayList<>(frame.local);
    }
    if (frame.stack != null) {
      frame.stack = new ArrayList<>(frame.stack);
    }
    List<List<Object>> values = new ArrayList<>();
    if (frame.local != null) {
      values.add(frame.local);
    }
    if (frame.stack != null) {
      values.add(frame.stack);
    }
    return values;
  }

  /**
   * Calls a check.
   *
   * @param named the class that the code names
   * @param owner this class or an ancestor, to which the check belongs
   */
  private static MethodInsnNode check(String named, String owner) {
    return Code.invokeStatic(named, nameOfCheck(owner), "()V");
  }

  private static String nameOfCheck(String owner) {
    return CHECK + owner.replace('/', '-');
  }

  // ---- the initializer ----

  /**
   * Divides an enum's initializer. The part that makes the constants stays, and the rest runs for
   * each request. False when the two parts cannot be told apart.
   */
  private boolean split() {
    MethodNode first = null;
    for (MethodNode method : type.methods) {
      first = method.name.equals(CLASS_INITIALIZER) ? method : first;
    }
    AbstractInsnNode values = first == null ? null : lastOfConstants(first);
    if (first == null || values == null) {
      code.fallBack(type.name.replace('/', '.') + " cannot be initialized again");
      return false;
    }
    MethodNode rest = made(INITIALIZER);
    rest.maxStack = first.maxStack;
    rest.maxLocals = first.maxLocals;
    rest.tryCatchBlocks = first.tryCatchBlocks;
    first.tryCatchBlocks = new ArrayList<>();
    for (AbstractInsnNode at = values.getNext(); at != null; at = values.getNext()) {
      first.instructions.remove(at);
      rest.instructions.add(at);
    }
    // While the constants are being made, the class must count as initialized. So the epoch is set
    // here, and cleared at the end.
    InsnList now = new InsnList();
    now.add(new FieldInsnNode(GETSTATIC, Names.OWN, "epoch", "I"));
    now.add(new FieldInsnNode(PUTSTATIC, type.name, EPOCH, "I"));
    first.instructions.insert(now);
    first.instructions.add(new InsnNode(Opcodes.ICONST_0));
    first.instructions.add(new FieldInsnNode(PUTSTATIC, type.name, EPOCH, "I"));
    first.instructions.add(new InsnNode(RETURN));
    first.maxStack = Math.max(1, first.maxStack);
    first.localVariables = null;
    type.methods.add(rest);
    return true;
  }

  /**
   * The instruction that sets the array of constants; null if a try block or a local variable spans
   * it.
   */
  private @Nullable AbstractInsnNode lastOfConstants(MethodNode initializer) {
    AbstractInsnNode last = null;
    int locals = 0;
    for (AbstractInsnNode at : initializer.instructions) {
      if (at instanceof FrameNode frame) {
        locals =
            switch (frame.type) {
              case Opcodes.F_APPEND -> locals + frame.local.size();
              case Opcodes.F_CHOP -> locals - frame.local.size();
              case Opcodes.F_FULL -> frame.local.size();
              default -> locals;
            };
      } else if (at instanceof FieldInsnNode field
          && at.getOpcode() == PUTSTATIC
          && isValues(type.name, field.desc)) {
        last = locals == 0 ? at : null;
        break;
      }
    }
    if (last != null) {
      int end = initializer.instructions.indexOf(last);
      for (TryCatchBlockNode block : initializer.tryCatchBlocks) {
        if (initializer.instructions.indexOf(block.start) < end) {
          return null;
        }
      }
    }
    return last;
  }

  private void addInitializer(boolean again) {
    if (!again) {
      // Other classes still call the check, so it must be there.
      type.methods.add(made(nameOfCheck(type.name)));
      type.methods.get(type.methods.size() - 1).instructions.add(new InsnNode(RETURN));
      return;
    }
    boolean initializes = isEnum(type);
    for (MethodNode method : type.methods) {
      if (method.name.equals(CLASS_INITIALIZER) && !initializes) {
        method.name = INITIALIZER;
        method.access = ACC_PRIVATE | ACC_STATIC | ACC_SYNTHETIC;
        initializes = true;
      }
    }
    InsnList clear = new InsnList();
    for (FieldNode field : type.fields) {
      if (isReset(type, field)) {
        clear.add(initial(field));
        clear.add(new FieldInsnNode(PUTSTATIC, type.name, field.name, field.desc));
        field.access &= ~ACC_FINAL;
      }
    }
    // The field is volatile, so that a thread that sees the request's number also sees all that the
    // initializer did.
    type.fields.add(
        new FieldNode(
            ACC_PUBLIC | ACC_STATIC | ACC_SYNTHETIC | ACC_VOLATILE, EPOCH, "I", null, null));
    type.methods.add(fast());
    type.methods.add(slow(clear, initializes));
  }

  private static AbstractInsnNode initial(FieldNode field) {
    if (field.value != null) {
      return new LdcInsnNode(field.value);
    }
    return new InsnNode(
        switch (Type.getType(field.desc).getSort()) {
          case Type.ARRAY, Type.OBJECT -> Opcodes.ACONST_NULL;
          case Type.LONG -> Opcodes.LCONST_0;
          case Type.DOUBLE -> Opcodes.DCONST_0;
          case Type.FLOAT -> Opcodes.FCONST_0;
          default -> Opcodes.ICONST_0;
        });
  }

  private MethodNode made(String name) {
    return new MethodNode(ACC_PUBLIC | ACC_STATIC | ACC_SYNTHETIC, name, "()V", null, null);
  }

  private MethodNode fast() {
    MethodNode method = made(nameOfCheck(type.name));
    LabelNode done = new LabelNode();
    InsnList list = method.instructions;
    list.add(new FieldInsnNode(GETSTATIC, type.name, EPOCH, "I"));
    list.add(new FieldInsnNode(GETSTATIC, Names.OWN, "epoch", "I"));
    list.add(new JumpInsnNode(Opcodes.IF_ICMPEQ, done));
    list.add(Code.invokeStatic(type.name, SLOW, "()V"));
    list.add(done);
    Code.frame(list, type, Code.same());
    list.add(new InsnNode(RETURN));
    method.maxStack = 2;
    return method;
  }

  /**
   * Writes {@code if (enter(name)) try { superclass.check(); clear; initializer(); epoch = now;
   * done(name); } catch (Throwable e) { throw failed(e, name); }}.
   */
  private MethodNode slow(InsnList clear, boolean initializes) {
    MethodNode method = made(SLOW);
    LabelNode end = new LabelNode();
    LabelNode from = new LabelNode();
    LabelNode to = new LabelNode();
    LabelNode bad = new LabelNode();
    InsnList list = method.instructions;
    shim(list, "enter", "(Ljava/lang/String;)Z");
    list.add(new JumpInsnNode(Opcodes.IFEQ, end));
    list.add(from);
    String parent = checked(type.superName);
    if (parent != null) {
      list.add(check(type.superName, parent));
    }
    list.add(clear);
    if (initializes) {
      list.add(Code.invokeStatic(type.name, INITIALIZER, "()V"));
    }
    list.add(new FieldInsnNode(GETSTATIC, Names.OWN, "epoch", "I"));
    list.add(new FieldInsnNode(PUTSTATIC, type.name, EPOCH, "I"));
    shim(list, "done", "(Ljava/lang/String;)V");
    list.add(to);
    list.add(end);
    Code.frame(list, type, Code.same());
    list.add(new InsnNode(RETURN));
    list.add(bad);
    Code.frame(
        list,
        type,
        new FrameNode(Opcodes.F_SAME1, 0, null, 1, new Object[] {"java/lang/Throwable"}));
    shim(list, "failed", "(Ljava/lang/Throwable;Ljava/lang/String;)Ljava/lang/Throwable;");
    list.add(new InsnNode(Opcodes.ATHROW));
    method.tryCatchBlocks.add(new TryCatchBlockNode(from, to, bad, "java/lang/Throwable"));
    method.maxStack = 4;
    return method;
  }

  private void shim(InsnList list, String name, String descriptor) {
    list.add(new LdcInsnNode(type.name));
    list.add(Code.shim(Names.SYSTEM, name, descriptor));
  }

  // ---- those that keep their identity ----

  /**
   * Lets the end of an enum's initializer note what its constants hold. What they ask before that
   * must be the same for each request.
   */
  private void takeDown() {
    for (MethodNode method : type.methods) {
      if (!method.name.equals(CLASS_INITIALIZER)) {
        continue;
      }
      InsnList begin = new InsnList();
      shim(begin, "keeps", "(Ljava/lang/String;)V");
      for (AbstractInsnNode at : method.instructions.toArray()) {
        if (at.getOpcode() == RETURN) {
          InsnList list = new InsnList();
          list.add(new LdcInsnNode(Type.getObjectType(type.name)));
          list.add(Code.shim(Names.SYSTEM, "kept", "(Ljava/lang/Class;)V"));
          method.instructions.insertBefore(at, list);
        }
      }
      method.instructions.insert(begin);
      method.maxStack += 2;
    }
  }
}
