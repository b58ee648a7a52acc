package dev.postern.cgi;

/**
 * Which symbolic links a {@link CgiDirectory} follows: {@link CgiDirectory.Builder#followLinks}. A
 * link that is not followed is a 404, and the log says where it leads.
 */
public enum FollowLinks {
  /** No link, wherever it leads. */
  NO,
  /** Links to a place inside the directory or inside a further {@code root}. The default. */
  INSIDE,
  /**
   * Also links to other places, if the owner of each link on the way also owns the link's target,
   * as with httpd's {@code SymLinksIfOwnerMatch}. Whoever can replace such a link can do so between
   * this check and the start of the program.
   */
  IF_OWNER_MATCHES
}
