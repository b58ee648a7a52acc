package dev.postern.fastcgi.server;

import java.time.Duration;

/**
 * What a server takes at most.
 *
 * @param connections at the same time; more of them wait in the system's queue
 * @param requests at the same time
 * @param head time for the variables of a request, from their first byte
 * @param body time without a byte of a request's body
 * @param write time in which a peer must take some of what is written to it
 */
public record ServerLimits(
    int connections, int requests, Duration head, Duration body, Duration write) {}
