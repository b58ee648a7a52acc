package dev.postern.cgi;

/** How the workers of a {@link WorkerGroup} run programs. */
public enum WorkerMode {
  /**
   * An interpreter loads a script and its modules once, and forks a child for each request. Each
   * request has fresh state, as with a process of its own.
   */
  FORK,

  /**
   * A process serves request after request, and keeps its state. Applications of WSGI and PSGI are
   * made for this, scripts are not. The page about warm programs says what is restored between two
   * requests of a script, and which leftovers are reported.
   */
  REUSE
}
