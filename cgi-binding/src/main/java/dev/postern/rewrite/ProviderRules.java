package dev.postern.rewrite;

import static org.objectweb.asm.Opcodes.ALOAD;
import static org.objectweb.asm.Opcodes.INVOKESTATIC;

import java.util.List;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * The security providers of a program. They are not among those of the JVM, because other requests
 * would get objects of this program's classes. Each {@code getInstance} of the JDK that looks for a
 * provider also takes one as an object: the rewriter calls this form with the program's own
 * provider. Confined to one class and thread.
 */
final class ProviderRules {
  private static final String CHOOSES = Names.PREFIX + "p$";
  private static final String PROVIDER = "Ljava/security/Provider;";
  private static final String STRING = "Ljava/lang/String;";

  private final ClassNode type;
  private final List<MethodNode> added;

  ProviderRules(ClassNode type, List<MethodNode> added) {
    this.type = type;
    this.added = added;
  }

  /** Replaces a call that looks for a provider; false when the call is none. */
  boolean apply(MethodNode method, MethodInsnNode call) {
    Type[] arguments = Type.getArgumentTypes(call.desc);
    if (!call.name.equals("getInstance")
        || call.getOpcode() != INVOKESTATIC
        || !isOfSecurity(call.owner)
        || arguments.length == 0
        || !arguments[0].getDescriptor().equals(STRING)
        || method.name.startsWith(CHOOSES)) {
      return false;
    }
    String last = arguments[arguments.length - 1].getDescriptor();
    if (arguments.length > 1 && last.equals(STRING)) {
      method.instructions.insertBefore(
          call, Code.shim(Names.WIDE, "named", "(" + STRING + ")" + PROVIDER));
      call.desc = call.desc.replace(STRING + ")", PROVIDER + ")");
      return true;
    }
    if (last.equals(PROVIDER) || !Code.takesBridges(type)) {
      return false;
    }
    MethodNode choosing = choosing(call);
    added.add(choosing);
    method.instructions.set(call, Code.invoke(type, choosing.name, call.desc));
    return true;
  }

  private static boolean isOfSecurity(String owner) {
    return (owner.startsWith("java/security/")
            || owner.startsWith("javax/crypto/")
            || owner.startsWith("javax/net/ssl/"))
        && !owner.contains("/spec/");
  }

  /** Writes {@code if (isOwn(name)) return getInstance(name, own(name)); getInstance(name);}. */
  private MethodNode choosing(MethodInsnNode call) {
    MethodNode method = Code.bridge(CHOOSES + added.size(), call.desc);
    InsnList own = ask(call, "own", PROVIDER);
    own.add(Code.invokeStatic(call.owner, call.name, call.desc.replace(")", PROVIDER + ")")));
    Code.either(method, type, ask(call, "isOwn", "Z"), own, (MethodInsnNode) call.clone(null));
    method.maxStack += 2;
    return method;
  }

  private static InsnList ask(MethodInsnNode call, String shim, String answer) {
    InsnList list =
        Code.list(
            new VarInsnNode(ALOAD, 0),
            new LdcInsnNode(call.owner.substring(call.owner.lastIndexOf('/') + 1)));
    list.add(Code.shim(Names.WIDE, shim, "(" + STRING + STRING + ")" + answer));
    return list;
  }
}
