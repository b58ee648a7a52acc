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
   * made for it. A script is not: see the page about warm programs for what is put back between its
   * requests, and what it is told to have left behind.
   */
  REUSE
}
