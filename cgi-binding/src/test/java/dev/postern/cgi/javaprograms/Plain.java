package dev.postern.cgi.javaprograms;

/** Says hello. */
public final class Plain {
  private Plain() {}

  public static void main(String[] args) {
    System.out.print("Content-Type: text/plain\n\nHello, " + System.getenv("QUERY_STRING") + "\n");
  }
}
