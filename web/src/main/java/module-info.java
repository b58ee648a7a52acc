/**
 * What handlers need everywhere: requests, responses, static files, routing and middlewares. The
 * libraries for multipart forms and for bcrypt are needed only by an application that uses them.
 */
@SuppressWarnings("module") // The launcher is compiled after this module.
module dev.postern.web {
  requires transitive dev.postern;
  requires static org.apache.commons.fileupload2.core;
  requires static org.jspecify;
  requires static spring.security.crypto;

  exports dev.postern.web;
  exports dev.postern.web.internal to
      dev.postern.launcher;
  exports dev.postern.web.middleware;
}
