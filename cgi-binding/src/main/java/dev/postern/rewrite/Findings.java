package dev.postern.rewrite;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.objectweb.asm.tree.MethodInsnNode;

/** What the rewriter has found in a program's classes. Thread-safe. */
public final class Findings {
  private final Map<String, Set<String>> byKind = new ConcurrentHashMap<>();

  /** Notes one finding of a kind. */
  public void add(String kind, String what) {
    byKind.computeIfAbsent(kind, k -> ConcurrentHashMap.newKeySet()).add(what);
  }

  /** Notes what a call shows about the program's threads. */
  void note(MethodInsnNode call) {
    switch (call.owner) {
      case "java/lang/Thread" -> {
        if (call.name.equals("<init>") && call.desc.endsWith("JZ)V")) {
          add("hidden threads", "java.lang.Thread");
        } else if (call.name.contains("Virtual")) {
          add("virtual threads", "java.lang.Thread." + call.name);
        }
      }
      case "java/lang/ThreadLocal", "java/lang/InheritableThreadLocal" ->
          add("thread locals", call.owner.replace('/', '.'));
      case "java/util/concurrent/Executors" -> {
        if (call.name.contains("Virtual") || call.name.contains("PerTask")) {
          add("virtual threads", "java.util.concurrent.Executors." + call.name);
        }
      }
      default -> {
        if (call.owner.startsWith("java/net/http/")) {
          add("hidden threads", "java.net.http");
        }
      }
    }
  }

  /** Whether there is any finding of that kind. */
  public boolean has(String kind) {
    return byKind.containsKey(kind);
  }

  /** Whether there is a finding of that kind which begins so. */
  public boolean has(String kind, String beginning) {
    return byKind.getOrDefault(kind, Set.of()).stream().anyMatch(w -> w.startsWith(beginning));
  }

  /** One line for each finding, such as {@code refused: java.net.Authenticator.setDefault}. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    new TreeMap<>(byKind)
        .forEach((kind, all) -> new TreeSet<>(all).forEach(each -> lines.add(kind + ": " + each)));
    return lines;
  }
}
