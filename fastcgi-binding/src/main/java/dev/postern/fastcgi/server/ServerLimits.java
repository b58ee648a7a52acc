package dev.postern.fastcgi.server;

import java.time.Duration;

/**
 * The limits of a server.
 *
 * @param connections how many connections at the same time; more of them wait in the system's queue
 * @param requests how many requests at the same time
 * @param head the time for the variables of a request
 * @param body how long a request's body may bring no byte
 * @param write the time in which a peer must take some of what is written to it
 * @param grace how long a stop waits for running requests
 */
public record ServerLimits(
    int connections, int requests, Duration head, Duration body, Duration write, Duration grace) {}
