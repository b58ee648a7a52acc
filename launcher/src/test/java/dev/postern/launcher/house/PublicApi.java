package dev.postern.launcher.house;

import java.io.IOException;
import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedArrayType;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.AnnotatedTypeVariable;
import java.lang.reflect.AnnotatedWildcardType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.TypeVariable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The public API of a module as text: exported packages, their public types, and of these what
 * others can call or extend, with generics, exceptions, nullness and the values of constants. The
 * same on every JDK, whatever order reflection gives.
 */
final class PublicApi {
  /** Every class has them; a change is no change of the API. */
  private static final Set<String> OBJECTS = Set.of("equals", "hashCode", "toString");

  private final String packageName;

  private PublicApi(String packageName) {
    this.packageName = packageName;
  }

  static String of(HouseModule module) throws IOException {
    StringBuilder text = new StringBuilder("module " + module.descriptor().name() + "\n");
    for (String packageName : module.exportedPackages()) {
      text.append("\npackage ").append(packageName).append('\n');
      for (Class<?> type : module.openClassesOf(packageName)) {
        if (isVisible(type)) {
          text.append('\n').append(new PublicApi(packageName).type(type));
        }
      }
    }
    return text.toString();
  }

  /** Also from outside the package: all that enclose it are public, too. */
  private static boolean isVisible(Class<?> type) {
    Class<?> outer = type.getDeclaringClass();
    boolean enclosed = outer == null ? type.getEnclosingClass() == null : isVisible(outer);
    return enclosed && isOpen(type.getModifiers()) && !type.isSynthetic();
  }

  private static boolean isOpen(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private String type(Class<?> type) {
    Set<String> members = new TreeSet<>();
    for (Constructor<?> constructor : type.getDeclaredConstructors()) {
      add(members, constructor, constructor.getModifiers(), simple(type) + parameters(constructor));
    }
    for (Method method : type.getDeclaredMethods()) {
      if (!method.isBridge() && !OBJECTS.contains(method.getName())) {
        String result = type(method.getAnnotatedReturnType()) + " " + method.getName();
        String generic = typeParameters(method.getTypeParameters());
        add(members, method, method.getModifiers(), generic + result + parameters(method));
      }
    }
    for (Field field : type.getDeclaredFields()) {
      if (isOpen(field.getModifiers()) && !field.isSynthetic()) {
        members.add(
            modifiers(field.getModifiers())
                + type(field.getAnnotatedType())
                + " "
                + field.getName()
                + constant(field));
      }
    }
    StringBuilder text = new StringBuilder(header(type)).append('\n');
    members.forEach(member -> text.append("  ").append(member).append('\n'));
    return text.toString();
  }

  private void add(Set<String> members, Executable executable, int modifiers, String rest) {
    if (isOpen(modifiers) && !executable.isSynthetic()) {
      boolean isDefault = executable instanceof Method method && method.isDefault();
      int shown =
          executable.getDeclaringClass().isInterface() ? modifiers & ~Modifier.ABSTRACT : modifiers;
      String thrown =
          Arrays.stream(executable.getAnnotatedExceptionTypes())
              .map(this::type)
              .collect(Collectors.joining(", "));
      members.add(
          deprecated(executable)
              + modifiers(shown)
              + (isDefault ? "default " : "")
              + rest
              + (thrown.isEmpty() ? "" : " throws " + thrown));
    }
  }

  private String header(Class<?> type) {
    List<String> supertypes = new ArrayList<>();
    Class<?> superclass = type.getSuperclass();
    boolean says = superclass != null && superclass != Object.class && superclass != Enum.class;
    if (says && superclass != Record.class) {
      supertypes.add("extends " + type(type.getAnnotatedSuperclass()));
    }
    String interfaces =
        Arrays.stream(type.getAnnotatedInterfaces())
            .map(this::type)
            .collect(Collectors.joining(", "));
    if (!interfaces.isEmpty()) {
      supertypes.add((type.isInterface() ? "extends " : "implements ") + interfaces);
    }
    int modifiers = type.getModifiers() & ~Modifier.INTERFACE;
    if (type.isInterface()) {
      modifiers &= ~(Modifier.ABSTRACT | Modifier.STATIC);
    } else if (type.isEnum() || type.isRecord()) {
      modifiers &= ~(Modifier.FINAL | Modifier.STATIC);
    }
    String parameters = typeParameters(type.getTypeParameters()).trim();
    String all = String.join(" ", supertypes);
    return deprecated(type)
        + modifiers(modifiers)
        + kind(type)
        + simple(type)
        + parameters
        + (all.isEmpty() ? "" : " " + all);
  }

  private static String kind(Class<?> type) {
    if (type.isAnnotation()) {
      return "@interface ";
    }
    if (type.isInterface()) {
      return "interface ";
    }
    return type.isEnum() ? "enum " : type.isRecord() ? "record " : "class ";
  }

  /** Those that matter to callers and subclasses. */
  private static String modifiers(int modifiers) {
    int ours =
        Modifier.PUBLIC | Modifier.PROTECTED | Modifier.STATIC | Modifier.FINAL | Modifier.ABSTRACT;
    String text = Modifier.toString(modifiers & ours);
    return text.isEmpty() ? "" : text + " ";
  }

  private static String deprecated(AnnotatedElement element) {
    return element.isAnnotationPresent(Deprecated.class) ? "@Deprecated " : "";
  }

  /** The compiler copies it into its users. */
  private static String constant(Field field) {
    Class<?> type = field.getType();
    int needed = Modifier.STATIC | Modifier.FINAL;
    boolean copied = type.isPrimitive() || type == String.class;
    if (!copied || (field.getModifiers() & needed) != needed) {
      return "";
    }
    try {
      return " = " + field.get(null);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private String parameters(Executable executable) {
    List<String> types =
        Arrays.stream(executable.getAnnotatedParameterTypes()).map(this::type).toList();
    String text = String.join(", ", types);
    if (executable.isVarArgs()) {
      text = text.substring(0, text.lastIndexOf("[]")) + "...";
    }
    return "(" + text + ")";
  }

  private String typeParameters(TypeVariable<?>[] variables) {
    if (variables.length == 0) {
      return "";
    }
    return Arrays.stream(variables)
        .map(
            variable -> {
              String bounds =
                  Arrays.stream(variable.getAnnotatedBounds())
                      .map(this::type)
                      .collect(Collectors.joining(" & "));
              return variable.getName() + (bounds.equals("Object") ? "" : " extends " + bounds);
            })
        .collect(Collectors.joining(", ", "<", "> "));
  }

  // ---- types in their places ----

  private String type(AnnotatedType type) {
    String nullness = annotations(type);
    if (type instanceof AnnotatedArrayType array) {
      String brackets = nullness.isEmpty() ? "[]" : " " + nullness + "[]";
      return type(array.getAnnotatedGenericComponentType()) + brackets;
    }
    if (type instanceof AnnotatedParameterizedType generic) {
      String arguments =
          Arrays.stream(generic.getAnnotatedActualTypeArguments())
              .map(this::type)
              .collect(Collectors.joining(", ", "<", ">"));
      Class<?> raw = (Class<?>) ((ParameterizedType) generic.getType()).getRawType();
      return nullness + simple(raw) + arguments;
    }
    if (type instanceof AnnotatedWildcardType wildcard) {
      return nullness + wildcard(wildcard);
    }
    if (type instanceof AnnotatedTypeVariable variable) {
      return nullness + variable.getType().getTypeName();
    }
    return nullness + simple((Class<?>) type.getType());
  }

  private String wildcard(AnnotatedWildcardType wildcard) {
    AnnotatedType[] lower = wildcard.getAnnotatedLowerBounds();
    if (lower.length > 0) {
      return "? super " + type(lower[0]);
    }
    AnnotatedType[] upper = wildcard.getAnnotatedUpperBounds();
    String bound = upper.length == 0 ? "Object" : type(upper[0]);
    return bound.equals("Object") ? "?" : "? extends " + bound;
  }

  private static String annotations(AnnotatedType type) {
    return Arrays.stream(type.getAnnotations())
        .map(Annotation::annotationType)
        .map(annotation -> "@" + annotation.getSimpleName() + " ")
        .sorted()
        .collect(Collectors.joining());
  }

  /** Without the names of this package and of java.lang. */
  private String simple(Class<?> type) {
    String name = type.getCanonicalName();
    for (String known : List.of(packageName + ".", "java.lang.")) {
      if (name.startsWith(known)
          && type.getPackageName().equals(known.substring(0, known.length() - 1))) {
        return name.substring(known.length());
      }
    }
    return name;
  }
}
