package dev.postern.warm;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * How a server or worker is started.
 *
 * @param environment the whole environment, bytes as chars
 * @param text what its interpreter reads first
 */
public record ServerStart(
    List<String> command, Map<String, String> environment, Path directory, byte[] text) {}
