package dev.postern.launcher.demo;

import java.io.PrintStream;

/** A CGI program as Java has always had them: a main that prints. It knows nothing of Postern. */
public final class PlainProgram {
  private static int requests;

  private PlainProgram() {}

  /**
   * Answers the request of the environment.
   *
   * @param args none
   */
  public static void main(String[] args) {
    requests++;
    PrintStream out = System.out;
    out.print("Content-Type: text/plain; charset=utf-8\r\n\r\n");
    out.println("A main that prints, in process " + ProcessHandle.current().pid() + ".");
    out.println("Its static counter says " + requests + ": each request sees it new.");
    out.println("QUERY_STRING is \"" + System.getenv("QUERY_STRING") + "\".");
    out.flush();
  }
}
