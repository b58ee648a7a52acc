package dev.postern.cgi.javaprograms;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Says its query in every line, by each way that it could get another's. */
public final class EveryLine {
  private static final List<String> SEEN = new ArrayList<>();
  private static String last = "";

  private EveryLine() {}

  public static void main(String[] args) throws Exception {
    System.out.print("Content-Type: text/plain\n\n");
    String query = System.getenv("QUERY_STRING");
    last = query;
    SEEN.add(query);
    System.setProperty("query", query);
    for (int i = 0; i < 5; i++) {
      System.out.println(System.getenv("QUERY_STRING"));
      System.out.println(last);
      System.out.println(System.getProperty("query"));
      SEEN.forEach(System.out::println);
    }
    if (query.hashCode() % 16 == 0) {
      CompletableFuture.runAsync(() -> System.out.println(System.getenv("QUERY_STRING"))).get();
      Thread thread = new Thread(() -> System.out.println(last));
      thread.start();
      thread.join();
    }
    if (query.hashCode() % 3 == 0) {
      System.exit(0);
    }
  }
}
