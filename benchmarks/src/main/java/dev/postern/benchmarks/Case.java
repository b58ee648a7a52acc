package dev.postern.benchmarks;

import java.util.List;
import java.util.Optional;

/**
 * A request that the benchmark sends to every server.
 *
 * @param name as on the command line
 * @param title as in the report
 * @param path below the server's root
 * @param needs the program that must be installed for this case, or an empty text
 */
record Case(String name, String title, Kind kind, String path, String needs) {
  /** How a case is measured, and which figure is compared. */
  enum Kind {
    /** The requests that a server answers in a second on 8 connections. */
    REQUESTS("requests/s", true),
    /** Responses of 100 MB, one after another. */
    DOWNLOAD("MB/s", true),
    /** 10 MB to the program and back. */
    ECHO("MB/s", true),
    /** {@code git clone}. */
    CLONE("s", false),
    /** The time until the first line of a body whose program then waits. */
    FIRST_BYTE("ms", false);

    final String unit;
    final boolean moreIsBetter;

    Kind(String unit, boolean moreIsBetter) {
      this.unit = unit;
      this.moreIsBetter = moreIsBetter;
    }

    /** Returns about how long a turn takes if {@code asked} seconds are wanted. */
    double seconds(double asked) {
      return switch (this) {
        case REQUESTS, DOWNLOAD, ECHO -> asked + 0.5;
        case CLONE, FIRST_BYTE -> 1.5;
      };
    }
  }

  static final List<Case> ALL =
      List.of(
          new Case("c", "Static C, hello", Kind.REQUESTS, "/cgi/hello", "gcc"),
          new Case("sh", "sh, hello", Kind.REQUESTS, "/cgi/hello.sh", "sh"),
          new Case("perl", "Perl, hello", Kind.REQUESTS, "/cgi/hello.pl", "perl"),
          new Case("python", "Python, hello", Kind.REQUESTS, "/cgi/hello.py", "python3"),
          new Case("php", "php-cgi, hello", Kind.REQUESTS, "/cgi/hello.php", "php-cgi"),
          new Case("first", "First byte of a slow body", Kind.FIRST_BYTE, "/cgi/slow.sh", "sh"),
          new Case("out", "100 MB out", Kind.DOWNLOAD, "/cgi/out", "gcc"),
          new Case("echo", "10 MB in and out at once", Kind.ECHO, "/cgi/echo", "gcc"),
          new Case("turn", "10 MB in, then out", Kind.ECHO, "/cgi/turn", "gcc"),
          new Case("clone", "git clone, 10,000 objects", Kind.CLONE, "/git/repository.git", "git"));

  /** Returns whether this case counts requests. */
  boolean isOfRequests() {
    return kind == Kind.REQUESTS;
  }

  static Optional<Case> named(String name) {
    return ALL.stream().filter(c -> c.name.equals(name)).findFirst();
  }
}
