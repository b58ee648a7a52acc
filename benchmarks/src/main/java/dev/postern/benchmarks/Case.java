package dev.postern.benchmarks;

import java.util.List;
import java.util.Optional;

/**
 * One thing that every server is asked for.
 *
 * @param name as on the command line
 * @param title as in the report
 * @param path below the server's root
 * @param needs the program that must be installed for it, or an empty text
 */
record Case(String name, String title, Kind kind, String path, String needs) {
  /** How it is measured, and what of it is compared. */
  enum Kind {
    /** As many requests as 8 connections get answered. */
    REQUESTS("requests/s", true),
    /** One response after another, of 100 MB. */
    DOWNLOAD("MB/s", true),
    /** 10 MB to the program and back. */
    ECHO("MB/s", true),
    /** {@code git clone}. */
    CLONE("s", false),
    /** Until the first byte of a body that takes its time. */
    FIRST_BYTE("ms", false);

    final String unit;
    final boolean moreIsBetter;

    Kind(String unit, boolean moreIsBetter) {
      this.unit = unit;
      this.moreIsBetter = moreIsBetter;
    }

    /** About how long a turn takes of which so many seconds are asked. */
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

  /** Whether requests are counted. */
  boolean isOfRequests() {
    return kind == Kind.REQUESTS;
  }

  static Optional<Case> named(String name) {
    return ALL.stream().filter(c -> c.name.equals(name)).findFirst();
  }
}
