package dev.postern.servlet;

import java.io.IOException;

/** A running servlet container on a loopback port of its own. Closing it waits until it is down. */
interface Container extends AutoCloseable {
  int port();

  @Override
  void close() throws IOException;

  /** Starts containers of one kind. */
  @FunctionalInterface
  interface Starter {
    Container start(Deployment deployment) throws Exception;
  }
}
