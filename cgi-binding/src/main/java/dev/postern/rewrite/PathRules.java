package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ASTORE;
import static org.objectweb.asm.Opcodes.ILOAD;
import static org.objectweb.asm.Opcodes.INVOKESPECIAL;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;
import static org.objectweb.asm.Opcodes.ISTORE;

import java.util.Set;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Resolves relative file names against the program's working directory. This happens where code of
 * the JDK uses a File or a Path, and not where one is made, because {@code base.resolve("x")} must
 * keep its meaning. Calls that only compute with paths are left alone. This class also has the
 * classes rewritten that a program defines at run time.
 */
final class PathRules {
  private static final String FILE = "Ljava/io/File;";
  private static final String PATH = "Ljava/nio/file/Path;";
  private static final String STRING = "Ljava/lang/String;";

  /** The methods of File that ask the system. */
  private static final Set<String> OF_FILE =
      words(
          """
          canRead canWrite canExecute exists isDirectory isFile isHidden lastModified length
          createNewFile delete list mkdir mkdirs renameTo setReadable setWritable setExecutable
          setReadOnly setLastModified getAbsolutePath getAbsoluteFile getCanonicalPath
          getCanonicalFile toURI toURL getTotalSpace getFreeSpace getUsableSpace
          """);

  private static final Set<String> OF_PATH =
      Set.of("toAbsolutePath", "toRealPath", "toUri", "register");

  /** Classes whose constructors take the name of a file. */
  private static final Set<String> NAMED =
      words(
          """
          java/io/RandomAccessFile java/io/PrintWriter java/io/PrintStream java/util/Formatter
          java/util/zip/ZipFile java/util/jar/JarFile java/util/logging/FileHandler
          javax/imageio/stream/FileImageInputStream
          """);

  /** Classes whose methods only compute with paths, apart from those above. */
  private static final Set<String> ALGEBRA =
      words(
          """
          java/io/File java/io/FileFilter java/io/FilenameFilter java/nio/file/Path
          java/nio/file/Paths java/nio/file/FileSystem java/nio/file/PathMatcher
          java/util/Objects java/lang/ProcessBuilder
          """);

  private PathRules() {}

  private static Set<String> words(String text) {
    return Set.of(text.strip().split("\\s+", -1));
  }

  /**
   * Changes what is on the stack before the call. Returns how many locals that took; 0 for no
   * change.
   */
  static int apply(MethodNode method, MethodInsnNode call, ProgramClasses code) {
    if (call.name.equals("defineClass") && isLoader(call.owner, code)) {
      return defineClass(method, call);
    }
    boolean file = call.owner.equals("java/io/File");
    boolean path = call.owner.equals("java/nio/file/Path");
    boolean receiver =
        file && OF_FILE.contains(call.name) && call.getOpcode() != INVOKESPECIAL
            || path && OF_PATH.contains(call.name) && call.getOpcode() != INVOKESTATIC;
    if (!isOfJdk(call.owner) || !receiver && ALGEBRA.contains(call.owner)) {
      return 0;
    }
    Type[] arguments = Type.getArgumentTypes(call.desc);
    int first = first(call, arguments);
    if (first < 0 && !receiver) {
      return 0;
    }
    int from = receiver ? 0 : first;
    InsnList list = new InsnList();
    int[] locals = new int[arguments.length];
    int used = 0;
    for (int i = arguments.length - 1; i >= from; i--) {
      locals[i] = method.maxLocals + used;
      used += arguments[i].getSize();
      list.add(new VarInsnNode(arguments[i].getOpcode(ISTORE), locals[i]));
    }
    if (receiver) {
      String descriptor = file ? FILE : PATH;
      list.add(Code.shim(Names.FILES, "resolved", "(" + descriptor + ")" + descriptor));
    }
    for (int i = from; i < arguments.length; i++) {
      list.add(new VarInsnNode(arguments[i].getOpcode(ILOAD), locals[i]));
      if (isFile(call, arguments, i)) {
        String descriptor = arguments[i].getDescriptor();
        boolean pattern = call.owner.equals("java/util/logging/FileHandler");
        list.add(
            Code.shim(
                Names.FILES,
                pattern ? "pattern" : "resolved",
                "(" + descriptor + ")" + descriptor));
      }
    }
    method.instructions.insertBefore(call, list);
    int asked = returned(call, arguments);
    if (asked >= 0) {
      InsnList after = new InsnList();
      after.add(new VarInsnNode(Opcodes.ALOAD, locals[asked]));
      after.add(Code.shim(Names.FILES, "back", "(" + PATH + PATH + ")" + PATH));
      method.instructions.insert(call, after);
    }
    return Math.max(1, used);
  }

  /** The argument that the call returns, or in which it makes what it returns; -1 for none. */
  private static int returned(MethodInsnNode call, Type[] arguments) {
    int last = -1;
    if (call.owner.equals("java/nio/file/Files")
        && call.desc.endsWith(")" + PATH)
        && !call.name.equals("readSymbolicLink")) {
      for (int i = 0; i < arguments.length; i++) {
        boolean isOfLink = last >= 0 && call.name.endsWith("Link");
        last = arguments[i].getDescriptor().equals(PATH) && !isOfLink ? i : last;
      }
    }
    return last;
  }

  private static boolean isOfJdk(String owner) {
    return owner.startsWith("java/") || owner.startsWith("javax/");
  }

  private static int first(MethodInsnNode call, Type[] arguments) {
    for (int i = 0; i < arguments.length; i++) {
      if (isFile(call, arguments, i)) {
        return i;
      }
    }
    return -1;
  }

  private static boolean isFile(MethodInsnNode call, Type[] arguments, int i) {
    String descriptor = arguments[i].getDescriptor();
    if (i == 1 && call.name.equals("createSymbolicLink")) {
      // The system resolves the target of a link against the directory of the link.
      return false;
    }
    return descriptor.equals(FILE)
        || descriptor.equals(PATH)
        || i == 0
            && descriptor.equals(STRING)
            && call.name.equals("<init>")
            && NAMED.contains(call.owner);
  }

  private static boolean isLoader(String owner, ProgramClasses code) {
    String at = owner;
    for (var head = code.head(at); head != null; head = code.head(at)) {
      at = head.superName;
    }
    return at.equals("java/lang/ClassLoader")
        || at.equals("java/security/SecureClassLoader")
        || at.equals("java/net/URLClassLoader")
        || at.equals(Names.URL_LOADER);
  }

  /** Hands the bytes to the rewriter, for each of the four forms of defineClass. */
  private static int defineClass(MethodNode method, MethodInsnNode call) {
    boolean array = call.desc.contains("[BII");
    boolean buffer = call.desc.contains("Ljava/nio/ByteBuffer;");
    if (!array && !buffer) {
      return 0;
    }
    int local = method.maxLocals;
    Type[] arguments = Type.getArgumentTypes(call.desc);
    String last = arguments[arguments.length - 1].getDescriptor();
    boolean spilled = last.endsWith("ProtectionDomain;") || last.endsWith("CodeSource;");
    InsnList list = new InsnList();
    if (spilled) {
      list.add(new VarInsnNode(ASTORE, local));
    }
    String descriptor = array ? "([BII)[B" : "(Ljava/nio/ByteBuffer;)Ljava/nio/ByteBuffer;";
    list.add(Code.shim(Names.REFLECTION, "rewritten", descriptor));
    if (array) {
      list.add(new InsnNode(Opcodes.DUP));
      list.add(new VarInsnNode(ASTORE, local + 1));
      list.add(new InsnNode(Opcodes.ICONST_0));
      list.add(new VarInsnNode(Opcodes.ALOAD, local + 1));
      list.add(new InsnNode(Opcodes.ARRAYLENGTH));
    }
    if (spilled) {
      list.add(new VarInsnNode(Opcodes.ALOAD, local));
    }
    method.instructions.insertBefore(call, list);
    return 2;
  }
}
