package dev.postern.rewrite;

import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodInsnNode;

/**
 * Which method of a shim replaces which member of the JDK, from the {@link Redirect} annotations.
 * Thread-safe.
 */
public final class CallTable {
  /** Stands before the name of a method that is called by super. */
  private static final String SUPER = "super ";

  private static final Set<String> SETTERS = names(CallRules.REFUSED);
  private static final Set<String> OPENERS = names(CallRules.OPENERS);

  private final Map<String, Target> calls = new HashMap<>();
  private final Map<String, Target> fields = new HashMap<>();
  private final Set<String> names = new HashSet<>();

  /**
   * The results for calls of classes of the JDK. A program uses a few hundred of these classes at
   * most.
   */
  private final Map<String, Optional<Target>> inherited = new ConcurrentHashMap<>();

  /** A method of a shim. */
  record Target(String owner, String name, String descriptor, Method method, String members) {}

  /** The table of these shims, whose methods carry the annotations. */
  public CallTable(List<Class<?>> shims) {
    for (Class<?> shim : shims) {
      for (Method method : shim.getDeclaredMethods()) {
        Redirect redirect = method.getAnnotation(Redirect.class);
        if (redirect != null) {
          add(shim, method, redirect);
        }
      }
    }
  }

  private static Set<String> names(Set<String> members) {
    return members.stream()
        .map(member -> member.substring(member.indexOf('.') + 1))
        .collect(Collectors.toUnmodifiableSet());
  }

  private void add(Class<?> shim, Method method, Redirect redirect) {
    String descriptor = Type.getMethodDescriptor(method);
    Target target =
        new Target(
            Type.getInternalName(shim), method.getName(), descriptor, method, redirect.value()[0]);
    String arguments = descriptor.substring(0, descriptor.indexOf(Names.INSTANCE + ")")) + ")";
    if (redirect.kind() == Redirect.Kind.VIRTUAL) {
      arguments = "(" + arguments.substring(arguments.indexOf(';') + 1);
    }
    for (String value : redirect.value()) {
      String member = value.replaceFirst(SUPER + "(.*[.])", "$1" + SUPER);
      if (redirect.kind() == Redirect.Kind.FIELD) {
        fields.put(member, target);
      } else {
        calls.put(member + arguments, target);
        names.add(member.substring(member.indexOf('.') + 1));
      }
    }
  }

  @Nullable Target field(String owner, String name) {
    return fields.get(owner + "." + name);
  }

  /**
   * The shim for a call whose owner is a class of the JDK, or inherits the method from one; null
   * for none.
   */
  @Nullable Target call(ProgramClasses code, MethodInsnNode call) {
    boolean isSuper = call.getOpcode() == Opcodes.INVOKESPECIAL;
    String name = isSuper ? SUPER + call.name : call.name;
    if (!names.contains(name)) {
      return null;
    }
    String arguments = call.desc.substring(0, call.desc.indexOf(')') + 1);
    String declared = declarer(code, call.owner, call.name, arguments);
    if (declared == null) {
      return null;
    }
    String member = name + arguments;
    return calls.containsKey(declared + "." + member)
        ? calls.get(declared + "." + member)
        : inherited
            .computeIfAbsent(
                declared + "." + member,
                key -> Optional.ofNullable(inherited(calls::get, ofJdk(declared), member)))
            .orElse(null);
  }

  /** The owner or the class of the JDK that it extends; null if the method is the program's own. */
  static @Nullable String declarer(
      ProgramClasses code, String owner, String name, String arguments) {
    String at = owner;
    for (var head = code.head(at); head != null; head = code.head(at)) {
      boolean own =
          head.methods.stream().anyMatch(m -> m.name.equals(name) && m.desc.startsWith(arguments));
      if (own || head.superName == null) {
        return null;
      }
      at = head.superName;
    }
    return at;
  }

  /** Whether a class is a subtype of a class of the JDK. */
  static boolean isA(ProgramClasses code, @Nullable String name, Class<?> of) {
    ClassNode head = code.head(name);
    if (head == null) {
      Class<?> type = name == null ? null : ofJdk(name);
      return type != null && of.isAssignableFrom(type);
    }
    return isA(code, head.superName, of)
        || head.interfaces.stream().anyMatch(each -> isA(code, each, of));
  }

  static @Nullable Class<?> ofJdk(String name) {
    try {
      return Class.forName(name.replace('/', '.'), false, ClassLoader.getPlatformClassLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      return null;
    }
  }

  /**
   * What a table has for a member of a class, or of a class or an interface from which the class
   * inherits; null for nothing.
   */
  static <T> @Nullable T inherited(
      Function<String, @Nullable T> table, @Nullable Class<?> type, String member) {
    if (type == null) {
      return null;
    }
    T found = table.apply(Type.getInternalName(type) + "." + member);
    if (found == null) {
      found = inherited(table, type.getSuperclass(), member);
    }
    for (Class<?> each : type.getInterfaces()) {
      found = found == null ? inherited(table, each, member) : found;
    }
    return found;
  }

  /** The setter behind a call whose effect all requests would see; null for another call. */
  static @Nullable String refused(ProgramClasses code, MethodInsnNode call) {
    if (!SETTERS.contains(call.name)) {
      return null;
    }
    String arguments = call.desc.substring(0, call.desc.indexOf(')') + 1);
    String declared = declarer(code, call.owner, call.name, arguments);
    return declared == null ? null : refused(ofJdk(declared), call.name);
  }

  /** Whether the result of a call is something open, which the JDK does not close by itself. */
  static boolean opens(ProgramClasses code, MethodInsnNode call) {
    if (!OPENERS.contains(call.name)) {
      return false;
    }
    String arguments = call.desc.substring(0, call.desc.indexOf(')') + 1);
    String declared = declarer(code, call.owner, call.name, arguments);
    return declared != null
        && inherited(
                member -> CallRules.OPENERS.contains(member) ? member : null,
                ofJdk(declared),
                call.name)
            != null;
  }

  /** The setter behind a method that is called by reflection; null for another method. */
  public static @Nullable String refused(@Nullable Class<?> owner, String name) {
    return SETTERS.contains(name)
        ? inherited(
            member -> CallRules.REFUSED.contains(member) ? member.replace('/', '.') : null,
            owner,
            name)
        : null;
  }

  /** The shim for a method of the JDK, for reflection. */
  public @Nullable Method method(Class<?> owner, String name, Class<?>[] parameters) {
    if (!names.contains(name) || isOfProgram(owner)) {
      return null;
    }
    StringBuilder member = new StringBuilder(name).append('(');
    for (Class<?> parameter : parameters) {
      member.append(Type.getDescriptor(parameter));
    }
    Target target = inherited(calls::get, owner, member.append(')').toString());
    return target == null ? null : target.method;
  }

  /** The name of the class that rewritten code creates in place of that one; null for none. */
  public static @Nullable String replacement(Class<?> type) {
    String name = CallRules.REPLACED.get(Type.getInternalName(type));
    return name == null ? null : name.replace('/', '.');
  }

  /** The shim for a static field of the JDK, for reflection. */
  public @Nullable Method field(Class<?> owner, String name) {
    Target target = field(Type.getInternalName(owner), name);
    return target == null ? null : target.method;
  }

  /** Whether a class is not one of the JDK. */
  @SuppressWarnings("ReferenceEquality")
  public static boolean isOfProgram(Class<?> owner) {
    ClassLoader loader = owner.getClassLoader();
    return loader != null && loader != ClassLoader.getPlatformClassLoader();
  }
}
