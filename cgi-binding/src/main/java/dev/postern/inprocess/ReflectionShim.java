package dev.postern.inprocess;

import static dev.postern.rewrite.Redirect.Kind.VIRTUAL;
import static java.util.Objects.requireNonNull;

import dev.postern.rewrite.CallTable;
import dev.postern.rewrite.Redirect;
import dev.postern.rewrite.SilentDefaults;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.lang.invoke.VarHandle;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.text.DateFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a program reaches by reflection and method handles, and the classes that it makes at run
 * time.
 */
public final class ReflectionShim {
  /**
   * The check method of each class of a program. A value is of the JDK, because a class would hold
   * the class loader of a value of Postern.
   */
  private static final ClassValue<Optional<Method>> CHECKS =
      new ClassValue<>() {
        @Override
        protected Optional<Method> computeValue(Class<?> type) {
          Method found = null;
          try {
            for (Method each : type.getDeclaredMethods()) {
              found = each.getName().startsWith("postern$c$") ? each : found;
            }
            if (found != null) {
              found.setAccessible(true);
            }
          } catch (LinkageError e) {
            // A class that one of its methods names is missing.
          }
          return Optional.ofNullable(found);
        }
      };

  private ReflectionShim() {}

  /** The check method of a class that is initialized for each request; null for other classes. */
  private static @Nullable Method check(Class<?> type) {
    return type.getClassLoader() instanceof ProgramLoader ? CHECKS.get(type).orElse(null) : null;
  }

  /** Whether the statics of the class itself are initialized for each request. */
  static boolean hasCheck(Class<?> type) {
    return check(type) != null;
  }

  /** Initializes a class for the present request. */
  public static Class<?> initialized(Class<?> type) {
    for (Class<?> at = type; at != null; at = at.getSuperclass()) {
      Method check = check(at);
      if (check != null) {
        try {
          check.invoke(null);
          return type;
        } catch (InvocationTargetException e) {
          throw ReflectionShim.<Error>sneaky(e.getCause());
        } catch (IllegalAccessException e) {
          throw new IllegalStateException(e);
        }
      }
    }
    return type;
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> Error sneaky(@Nullable Throwable e) throws E {
    throw (E) e;
  }

  @Redirect("java/lang/Class.forName")
  public static Class<?> forName(
      String name, boolean initialize, @Nullable ClassLoader loader, Instance instance)
      throws ClassNotFoundException {
    Class<?> type = Class.forName(name, initialize, loader);
    return initialize ? initialized(type) : type;
  }

  // ---- reflection ----

  /** The shim for a method, or null. Throws if the method is refused. */
  private static @Nullable Method shim(
      Class<?> owner, String name, Class<?>[] parameters, Instance instance) {
    String refused = instance.code.jvmWide() ? null : CallTable.refused(owner, name);
    if (refused != null) {
      WideShim.refuse(refused, instance);
    }
    return ProgramCode.TABLE.method(owner, name, parameters);
  }

  private static @Nullable Method shim(Method method, Instance instance) {
    return shim(method.getDeclaringClass(), method.getName(), method.getParameterTypes(), instance);
  }

  /** Whether a shim replaces the method, or gives it defaults, or the method is refused. */
  public static boolean isRedirected(Method method) {
    Class<?> owner = method.getDeclaringClass();
    String name = method.getName();
    return ProgramCode.TABLE.method(owner, name, method.getParameterTypes()) != null
        || !SilentDefaults.of(method).isEmpty()
        || CallTable.refused(owner, name) != null;
  }

  /** Whether a class of the program has a public method of its own in place of that of the JDK. */
  static boolean isOverridden(Object target, String name, Class<?>... parameters) {
    try {
      return CallTable.isOfProgram(target.getClass())
          && CallTable.isOfProgram(
              target.getClass().getMethod(name, parameters).getDeclaringClass());
    } catch (NoSuchMethodException | LinkageError e) {
      return false;
    }
  }

  /** Calls the overload that takes the program's own locale, time zone, charset or pool. */
  private static @Nullable Object withDefaults(
      Method method, @Nullable Object target, Object[] arguments, Instance instance)
      throws ReflectiveOperationException {
    List<Class<?>> types = new ArrayList<>(List.of(method.getParameterTypes()));
    List<Object> all = new ArrayList<>(Arrays.asList(arguments));
    boolean zoned = false;
    for (String word : SilentDefaults.of(method)) {
      if (word.equals("medium")) {
        types.add(int.class);
        all.add(DateFormat.MEDIUM);
      } else if (word.equals("zoned")) {
        zoned = true;
      } else {
        Class<?> shims =
            switch (word) {
              case "pool" -> WideShim.class;
              case "channels" -> ThreadShim.class;
              default -> LocaleShim.class;
            };
        Method shim = shims.getMethod(word, Instance.class);
        types.add(shim.getReturnType());
        all.add(shim.invoke(null, instance));
      }
    }
    Object made =
        method
            .getDeclaringClass()
            .getMethod(method.getName(), types.toArray(new Class<?>[0]))
            .invoke(target, all.toArray());
    return zoned && made instanceof DateFormat format ? LocaleShim.zoned(format, instance) : made;
  }

  /** Calls the shim that replaces the method. */
  public static @Nullable Object invoke(
      Method method, @Nullable Object target, Object @Nullable [] arguments, Instance instance)
      throws ReflectiveOperationException {
    instance.live();
    Object[] given = arguments == null ? new Object[0] : arguments;
    Method shim = shim(method, instance);
    List<Object> all = new ArrayList<>();
    if (!Modifier.isStatic(method.getModifiers())) {
      all.add(target);
    }
    all.addAll(Arrays.asList(given));
    all.add(instance);
    try {
      return shim == null
          ? withDefaults(method, target, given, instance)
          : shim.invoke(null, all.toArray());
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof ProgramExit exit) {
        throw exit;
      }
      throw e;
    }
  }

  private static @Nullable Method shim(Field field) {
    return Modifier.isStatic(field.getModifiers())
        ? ProgramCode.TABLE.field(field.getDeclaringClass(), field.getName())
        : null;
  }

  /** Whether a shim replaces the field. */
  public static boolean isRedirected(Field field) {
    return shim(field) != null;
  }

  /** Called before a field is written. Initializes its class, as the JVM would. */
  public static Field initialized(Field field) {
    if (Modifier.isStatic(field.getModifiers())) {
      initialized(field.getDeclaringClass());
    }
    return field;
  }

  /**
   * Called before a field is read. Returns the field to which that of an interface has moved, or
   * the field itself. Its class is initialized.
   */
  public static Field moved(Field field) {
    Field moved = companion(field.getDeclaringClass(), field.getName());
    return initialized(moved == null ? field : moved);
  }

  /** The field to which the field of an interface has moved, or null. */
  private static @Nullable Field companion(Class<?> type, String name) {
    if (!type.isInterface()
        || !(type.getClassLoader() instanceof ProgramLoader loader)
        || !loader.instance().code.resets()) {
      return null;
    }
    try {
      return Class.forName(type.getName() + "$postern", false, loader).getField(name);
    } catch (ReflectiveOperationException | LinkageError e) {
      return null;
    }
  }

  /** Reads the value that a shim has for the field. */
  public static @Nullable Object get(Field field, @Nullable Object target, Instance instance)
      throws IllegalAccessException {
    try {
      return requireNonNull(shim(field)).invoke(null, instance);
    } catch (InvocationTargetException e) {
      throw ReflectionShim.<Error>sneaky(e.getCause());
    }
  }

  // ---- constructors of classes in whose place rewritten code creates others ----

  /** The constructor with those parameters of the class that replaces the type; null for none. */
  private static @Nullable Constructor<?> replacement(Class<?> type, Class<?>[] parameters) {
    String name = CallTable.replacement(type);
    if (name == null) {
      return null;
    }
    Class<?>[] all = Arrays.copyOf(parameters, parameters.length + 1);
    all[parameters.length] = Instance.class;
    try {
      return Class.forName(name).getConstructor(all);
    } catch (NoSuchMethodException e) {
      return null;
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Constructor<?> replacement(Constructor<?> constructor) {
    return replacement(constructor.getDeclaringClass(), constructor.getParameterTypes());
  }

  /** Whether the constructor is one of a class that is replaced. */
  public static boolean isRedirected(Constructor<?> constructor) {
    return replacement(constructor) != null;
  }

  /** Makes an object of the class that replaces the one of the constructor. */
  public static Object newInstance(
      Constructor<?> constructor, Object @Nullable [] arguments, Instance instance)
      throws ReflectiveOperationException {
    List<Object> all = new ArrayList<>(arguments == null ? List.of() : Arrays.asList(arguments));
    all.add(instance);
    return requireNonNull(replacement(constructor)).newInstance(all.toArray());
  }

  private static MethodHandle bound(Constructor<?> made, Class<?> type, Instance instance)
      throws IllegalAccessException {
    MethodHandle handle = MethodHandles.lookup().unreflectConstructor(made).asFixedArity();
    handle = MethodHandles.insertArguments(handle, handle.type().parameterCount() - 1, instance);
    return handle.asType(handle.type().changeReturnType(type));
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.findConstructor", kind = VIRTUAL)
  public static MethodHandle findConstructor(
      Lookup lookup, Class<?> owner, MethodType type, Instance instance)
      throws NoSuchMethodException, IllegalAccessException {
    Constructor<?> made = replacement(owner, type.parameterArray());
    return made == null ? lookup.findConstructor(owner, type) : bound(made, owner, instance);
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.unreflectConstructor", kind = VIRTUAL)
  public static MethodHandle unreflectConstructor(
      Lookup lookup, Constructor<?> constructor, Instance instance) throws IllegalAccessException {
    Constructor<?> made = replacement(constructor);
    return made == null
        ? lookup.unreflectConstructor(constructor)
        : bound(made, constructor.getDeclaringClass(), instance);
  }

  @Redirect("java/net/URLClassLoader.newInstance")
  public static URLClassLoader newLoader(URL[] urls, Instance instance) {
    return new ProgramUrlLoader(urls, instance);
  }

  @Redirect("java/net/URLClassLoader.newInstance")
  public static URLClassLoader newLoader(
      URL[] urls, @Nullable ClassLoader parent, Instance instance) {
    return new ProgramUrlLoader(urls, parent, instance);
  }

  // ---- method handles ----

  private static MethodHandle bound(Method shim, Instance instance) throws IllegalAccessException {
    MethodHandle handle = MethodHandles.lookup().unreflect(shim).asFixedArity();
    return MethodHandles.insertArguments(handle, handle.type().parameterCount() - 1, instance);
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.findStatic", kind = VIRTUAL)
  public static MethodHandle findStatic(
      Lookup lookup, Class<?> owner, String name, MethodType type, Instance instance)
      throws NoSuchMethodException, IllegalAccessException {
    Method shim = shim(owner, name, type.parameterArray(), instance);
    return shim == null ? lookup.findStatic(owner, name, type) : bound(shim, instance);
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.findVirtual", kind = VIRTUAL)
  public static MethodHandle findVirtual(
      Lookup lookup, Class<?> owner, String name, MethodType type, Instance instance)
      throws NoSuchMethodException, IllegalAccessException {
    Method shim = shim(owner, name, type.parameterArray(), instance);
    return shim == null ? lookup.findVirtual(owner, name, type) : bound(shim, instance);
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.bind", kind = VIRTUAL)
  public static MethodHandle bind(
      Lookup lookup, Object receiver, String name, MethodType type, Instance instance)
      throws NoSuchMethodException, IllegalAccessException {
    Method shim = shim(receiver.getClass(), name, type.parameterArray(), instance);
    return shim == null
        ? lookup.bind(receiver, name, type)
        : bound(shim, instance).bindTo(receiver);
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.findStaticGetter", kind = VIRTUAL)
  public static MethodHandle findStaticGetter(
      Lookup lookup, Class<?> owner, String name, Class<?> type, Instance instance)
      throws NoSuchFieldException, IllegalAccessException {
    Method shim = ProgramCode.TABLE.field(owner, name);
    return shim == null
        ? lookup.findStaticGetter(holder(lookup, owner, name, type), name, type)
        : bound(shim, instance);
  }

  /** The class where a lookup finds the value of a static field. It is initialized. */
  private static Class<?> holder(Lookup lookup, Class<?> owner, String name, Class<?> type)
      throws NoSuchFieldException, IllegalAccessException {
    MethodHandle getter = lookup.findStaticGetter(owner, name, type);
    Class<?> declarer;
    try {
      declarer = lookup.revealDirect(getter).getDeclaringClass();
    } catch (IllegalArgumentException e) {
      // A class or an interface that the lookup may not name, whose field a public one inherits.
      declarer = owner.getField(name).getDeclaringClass();
    }
    Field moved = companion(declarer, name);
    return initialized(moved == null ? owner : moved.getDeclaringClass());
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.findStaticSetter", kind = VIRTUAL)
  public static MethodHandle findStaticSetter(
      Lookup lookup, Class<?> owner, String name, Class<?> type, Instance instance)
      throws NoSuchFieldException, IllegalAccessException {
    return lookup.findStaticSetter(initialized(owner), name, type);
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.findStaticVarHandle", kind = VIRTUAL)
  public static VarHandle findStaticVarHandle(
      Lookup lookup, Class<?> owner, String name, Class<?> type, Instance instance)
      throws NoSuchFieldException, IllegalAccessException {
    return lookup.findStaticVarHandle(holder(lookup, owner, name, type), name, type);
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.unreflectGetter", kind = VIRTUAL)
  public static MethodHandle unreflectGetter(Lookup lookup, Field field, Instance instance)
      throws IllegalAccessException {
    Method shim = shim(field);
    return shim == null ? lookup.unreflectGetter(moved(field)) : bound(shim, instance);
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.unreflectSetter", kind = VIRTUAL)
  public static MethodHandle unreflectSetter(Lookup lookup, Field field, Instance instance)
      throws IllegalAccessException {
    return lookup.unreflectSetter(initialized(field));
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.unreflectVarHandle", kind = VIRTUAL)
  public static VarHandle unreflectVarHandle(Lookup lookup, Field field, Instance instance)
      throws IllegalAccessException {
    return lookup.unreflectVarHandle(moved(field));
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.ensureInitialized", kind = VIRTUAL)
  public static Class<?> ensureInitialized(Lookup lookup, Class<?> type, Instance instance)
      throws IllegalAccessException {
    return initialized(lookup.ensureInitialized(type));
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.unreflect", kind = VIRTUAL)
  public static MethodHandle unreflect(Lookup lookup, Method method, Instance instance)
      throws IllegalAccessException {
    Method shim = shim(method, instance);
    return shim == null ? lookup.unreflect(method) : bound(shim, instance);
  }

  // ---- classes made at run time ----

  /** Called before defineClass. Returns the rewritten bytes of the class. */
  public static byte[] rewritten(byte[] bytes, int offset, int length, Instance instance) {
    return instance.code.rewrite(Arrays.copyOfRange(bytes, offset, offset + length));
  }

  /** The same for defineClass with a buffer. */
  public static ByteBuffer rewritten(ByteBuffer buffer, Instance instance) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return ByteBuffer.wrap(instance.code.rewrite(bytes));
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.defineClass", kind = VIRTUAL)
  public static Class<?> defineClass(Lookup lookup, byte[] bytes, Instance instance)
      throws IllegalAccessException {
    return lookup.defineClass(instance.code.rewrite(bytes));
  }

  @Redirect(value = "java/lang/invoke/MethodHandles$Lookup.defineHiddenClass", kind = VIRTUAL)
  public static Lookup defineHiddenClass(
      Lookup lookup,
      byte[] bytes,
      boolean initialize,
      Lookup.ClassOption[] options,
      Instance instance)
      throws IllegalAccessException {
    return lookup.defineHiddenClass(instance.code.rewrite(bytes), initialize, options);
  }

  @Redirect(
      value = "java/lang/invoke/MethodHandles$Lookup.defineHiddenClassWithClassData",
      kind = VIRTUAL)
  public static Lookup defineHiddenClass(
      Lookup lookup,
      byte[] bytes,
      Object data,
      boolean initialize,
      Lookup.ClassOption[] options,
      Instance instance)
      throws IllegalAccessException {
    byte[] rewritten = instance.code.rewrite(bytes);
    return lookup.defineHiddenClassWithClassData(rewritten, data, initialize, options);
  }
}
