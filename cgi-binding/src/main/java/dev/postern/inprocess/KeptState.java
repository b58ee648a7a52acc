package dev.postern.inprocess;

import java.lang.StackWalker.StackFrame;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The state of enums, whose constants keep their identity in a loader and so cannot be initialized
 * again. Fields whose values cannot change are left alone. A field or a collection that can change
 * is checked after each request; an instance in which it has changed is not used again. If a value
 * could change in ways that this class does not see, or if it would be another one in the next
 * request, the program becomes FRESH. Thread-safe.
 */
@SuppressWarnings("ReferenceEquality")
final class KeptState {
  private static final int DEEP = 4;

  private final List<Watched> watched = new ArrayList<>();
  private final List<ThreadLocal<?>> locals = new ArrayList<>();
  private @Nullable String unseen;

  /** The initializers that run now. */
  private final List<Making> making = new ArrayList<>();

  private volatile boolean isMaking;

  /** The settings that an initializer has read, by the methods that change them. */
  private final Map<String, String> settings = new ConcurrentHashMap<>();

  /** A thread that runs the initializer of a class. */
  private record Making(Thread by, String type) {}

  /** A field, and what it held after its class was initialized. */
  private record Watched(Field field, @Nullable Object owner, @Nullable Object content) {}

  /** The calling thread begins to initialize a class. */
  synchronized void begin(String type) {
    making.add(new Making(Thread.currentThread(), type));
    isMaking = true;
  }

  /**
   * Called when the program asks for something that may differ in the next request, such as the
   * environment or the time. An initializer must not keep it.
   */
  void varies(ProgramCode code) {
    String by = isMaking ? maker() : null;
    if (by != null) {
      fallBack(by, code);
    }
  }

  /**
   * Called when the program reads a setting that is the same in each request, unless the program
   * calls a method whose name begins with {@code setter}.
   */
  void reads(String setter) {
    String by = isMaking ? maker() : null;
    if (by != null) {
      settings.putIfAbsent(setter, by);
    }
  }

  /** The class that the calling thread initializes, or null. */
  private synchronized @Nullable String maker() {
    Thread current = Thread.currentThread();
    Set<String> running =
        StackWalker.getInstance()
            .walk(frames -> frames.map(StackFrame::getClassName).collect(Collectors.toSet()));
    // The initializer of a class has failed if the class is not on the stack any more.
    making.removeIf(each -> each.by == current && !running.contains(each.type.replace('/', '.')));
    isMaking = !making.isEmpty();
    for (Making each : making) {
      if (each.by == current) {
        return each.type;
      }
    }
    return null;
  }

  private static void fallBack(String type, ProgramCode code) {
    code.fallBack(
        type.replace('/', '.') + " depends on the request, and cannot be initialized again");
  }

  /** Notes the fields of a class that has just been initialized. */
  synchronized void add(Class<?> type) {
    making.remove(new Making(Thread.currentThread(), type.getName().replace('.', '/')));
    isMaking = !making.isEmpty();
    try {
      for (Field field : type.getDeclaredFields()) {
        int modifiers = field.getModifiers();
        boolean isReset = type.isEnum() && !field.isEnumConstant() && ReflectionShim.hasCheck(type);
        if (Modifier.isStatic(modifiers) && !field.getName().startsWith("postern$") && !isReset) {
          field.setAccessible(true);
          add(field, null);
        }
      }
      if (type.isEnum()) {
        for (Object constant : type.getEnumConstants()) {
          for (Class<?> at : new HashSet<>(List.of(type, constant.getClass()))) {
            for (Field field : at.getDeclaredFields()) {
              if (!Modifier.isStatic(field.getModifiers())) {
                field.setAccessible(true);
                add(field, constant);
              }
            }
          }
        }
      }
    } catch (ReflectiveOperationException | RuntimeException | LinkageError e) {
      unseen = type.getName() + ": " + e;
    }
  }

  private void add(Field field, @Nullable Object owner) throws IllegalAccessException {
    Object value = field.get(owner);
    boolean isFinal = Modifier.isFinal(field.getModifiers());
    if (isFinal && value instanceof ThreadLocal<?> local) {
      // The field itself holds no state; see clearLocals.
      locals.add(local);
    } else if (isConstant(value, 0)) {
      if (!isFinal) {
        watched.add(new Watched(field, owner, value));
      }
    } else {
      Object content = content(value);
      if (content == null) {
        unseen = field.getDeclaringClass().getName() + "." + field.getName();
      } else {
        watched.add(new Watched(field, owner, content));
      }
    }
  }

  /**
   * Removes the values of such thread locals from the calling thread, which is kept for the next
   * request.
   */
  synchronized void clearLocals() {
    locals.forEach(ThreadLocal::remove);
  }

  /** Why the instance must not serve another request, or null. */
  synchronized @Nullable String audit(ProgramCode code) {
    if (unseen != null) {
      code.fallBack(unseen + " cannot be initialized again");
      return "state";
    }
    settings.forEach(
        (setter, type) -> {
          if (code.findings().has("redirected", setter)) {
            fallBack(type, code);
          }
        });
    try {
      for (Watched each : watched) {
        Object value = each.field.get(each.owner);
        Object now = isConstant(value, 0) ? value : content(value);
        if (!Objects.equals(now, each.content)) {
          code.fallBack(
              each.field.getDeclaringClass().getName()
                  + "."
                  + each.field.getName()
                  + " has changed, and cannot be initialized again");
          return "state";
        }
      }
    } catch (Throwable e) {
      return "state";
    }
    return null;
  }

  /** What a collection or an array holds, if all of it can be compared later; otherwise null. */
  private static @Nullable Object content(@Nullable Object value) throws IllegalAccessException {
    List<Object> content = new ArrayList<>();
    if (value instanceof Object[] array) {
      content.addAll(Arrays.asList(array));
    } else if (value != null && value.getClass().isArray()) {
      for (int i = 0; i < java.lang.reflect.Array.getLength(value); i++) {
        content.add(java.lang.reflect.Array.get(value, i));
      }
    } else if (value instanceof Collection<?> collection && isOfJdk(value)) {
      content.addAll(collection);
    } else if (value instanceof Map<?, ?> map && isOfJdk(value)) {
      content.addAll(map.keySet());
      content.addAll(map.values());
    } else {
      return null;
    }
    for (int i = 0; i < content.size(); i++) {
      Object each = content.get(i);
      if (!isConstant(each, 0)) {
        Object inner = content(each);
        if (inner == null) {
          return null;
        }
        content.set(i, inner);
      }
    }
    return content;
  }

  private static boolean isOfJdk(Object value) {
    return value.getClass().getName().startsWith("java.util.");
  }

  /** Whether neither the value nor anything that it refers to can change. */
  private static boolean isConstant(@Nullable Object value, int depth)
      throws IllegalAccessException {
    if (value == null
        || value instanceof String
        || value instanceof Number && value.getClass().getName().startsWith("java.lang.")
        || value instanceof Boolean
        || value instanceof Character
        || value instanceof Enum<?>
        || value instanceof Class<?>) {
      return true;
    }
    Class<?> type = value.getClass();
    String name = type.getName();
    if (name.startsWith("java.")) {
      return name.startsWith("java.time.")
          || name.startsWith("java.math.")
          || name.equals("java.util.regex.Pattern")
          || name.equals("java.util.Locale")
          || name.equals("java.util.UUID")
          || value instanceof java.nio.charset.Charset
          || name.startsWith("java.util.ImmutableCollections") && isAllConstant(value, depth)
          || value.getClass() == Object.class;
    }
    if (type.isArray() || !(type.getClassLoader() instanceof ProgramLoader) || depth > DEEP) {
      return value instanceof java.nio.charset.Charset;
    }
    for (Class<?> at = type; at != null && at != Object.class; at = at.getSuperclass()) {
      for (Field field : at.getDeclaredFields()) {
        if (Modifier.isStatic(field.getModifiers())) {
          continue;
        }
        if (!Modifier.isFinal(field.getModifiers())) {
          return false;
        }
        field.setAccessible(true);
        if (!isConstant(field.get(value), depth + 1)) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isAllConstant(Object value, int depth) throws IllegalAccessException {
    Collection<?> all =
        value instanceof Map<?, ?> map
            ? java.util.stream.Stream.concat(map.keySet().stream(), map.values().stream()).toList()
            : value instanceof Collection<?> collection ? collection : List.<Object>of();
    for (Object each : all) {
      if (!isConstant(each, depth + 1)) {
        return false;
      }
    }
    return true;
  }
}
