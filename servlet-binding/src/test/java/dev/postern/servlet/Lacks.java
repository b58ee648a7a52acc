package dev.postern.servlet;

import dev.postern.testing.Capability;
import dev.postern.testing.Capability.Lack;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** What each container cannot do, and why: for its contract, and for docs/containers.md. */
public final class Lacks {
  static final Lack LOG = Capability.LOG.lacking(Deployed.NO_LOG);
  private static final Lack TYPES =
      Capability.EXACT_HEADERS.lacking("writes parameters of a type in its own form");

  /** RFC 9113 8.1.1: a malformed request is a stream error. */
  private static final Lack RESET =
      Capability.BAD_REQUEST.lacking("a malformed request is answered by a reset of its stream");

  static final Lack[] JETTY = {
    LOG,
    Capability.ANY_PATH.lacking("refused as ambiguous, unless its UriCompliance allows them"),
    Capability.PATH_BYTES.lacking("refused, unless its UriCompliance allows them"),
    Capability.EXACT_HEADERS.lacking("well-known types have one form")
  };

  static final Lack[] JETTY_HTTP2 =
      and(
          JETTY,
          RESET,
          Capability.SHORT_REQUEST.lacking(
              "the stream is reset, and the servlet not told before its idle time is over"));

  static final Lack[] TOMCAT = {LOG, Capability.PATH_BYTES.lacking("refused as bad UTF-8"), TYPES};

  static final Lack[] TOMCAT_HTTP2 =
      and(TOMCAT, RESET, Capability.SHORT_REQUEST.lacking("the stream is reset"));

  static final Lack[] UNDERTOW = {
    LOG,
    Capability.EXACT_HEADERS.lacking(
        "merges spaces, and writes parameters of a type in its own form")
  };

  static final Lack[] UNDERTOW_HTTP2 =
      and(
          UNDERTOW,
          RESET,
          Capability.CUT.lacking("ends the stream in order, whatever a servlet does"));

  private Lacks() {}

  /**
   * By the name of the container, in the order of docs/containers.md. Spring Boot has a contract of
   * its own beside the starter, which has to lack the same as its Tomcat.
   */
  public static Map<String, Lack[]> byContainer() {
    Map<String, Lack[]> all = new LinkedHashMap<>();
    all.put("Tomcat 10.1, 11", TOMCAT);
    all.put("Tomcat, HTTP/2", TOMCAT_HTTP2);
    all.put("Jetty 12.1", JETTY);
    all.put("Jetty, HTTP/2", JETTY_HTTP2);
    all.put("Undertow 2.3", UNDERTOW);
    all.put("Undertow, HTTP/2", UNDERTOW_HTTP2);
    all.put("Spring Boot 3.5, 4", TOMCAT);
    return all;
  }

  private static Lack[] and(Lack[] some, Lack... more) {
    return Stream.of(some, more).flatMap(Stream::of).toArray(Lack[]::new);
  }
}
