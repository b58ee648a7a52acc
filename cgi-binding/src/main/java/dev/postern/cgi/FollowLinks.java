package dev.postern.cgi;

/**
 * Which symbolic links a {@link CgiDirectory} follows: {@link CgiDirectory.Builder#followLinks}.
 * What is not followed is a 404, and the log says where the link leads.
 */
public enum FollowLinks {
  /** None, wherever it leads. */
  NO,
  /** Those that lead to a place inside the directory, or a further {@code root}. The default. */
  INSIDE,
  /**
   * And those that lead elsewhere, where the owner of each link on the way also owns what it leads
   * to, as httpd's {@code SymLinksIfOwnerMatch}. Whoever can replace such a link can do so between
   * the look at it and the start of the program.
   */
  IF_OWNER_MATCHES
}
