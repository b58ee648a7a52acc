package dev.postern.cgi;

import dev.postern.Application;
import dev.postern.process.Starter;
import dev.postern.program.ModeRules;
import dev.postern.warm.Delegation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a host of programs was configured to do: the defaults of the builder, as changed. Immutable.
 *
 * @param totalTimeout null for none
 * @param programLimit how many runs of one program at once; 0 for as many as {@code limit} has
 * @param delegation which group runs which program; what none does runs by itself
 * @param programs the directory whose programs are delegated by their paths below it
 * @param ownGroup the group that ends with the application; null for none
 * @param methods those that are allowed, in order; null for all but TRACE and CONNECT
 * @param passed names of variables that go on from the environ to programs
 * @param fileVariables further names of SCRIPT_FILENAME
 * @param localRedirects who answers them; null to have the client do it
 */
record HostOptions(
    Map<String, String> environment,
    @Nullable Path documentRoot,
    @Nullable Path workingDirectory,
    Duration headerTimeout,
    Duration idleTimeout,
    Duration afterOutput,
    @Nullable Duration totalTimeout,
    long maxBody,
    long maxSpool,
    ProcessLimit limit,
    int programLimit,
    Isolation isolation,
    Starter starter,
    Delegation<WorkerGroup> delegation,
    Path programs,
    @Nullable WorkerGroup ownGroup,
    List<Consumer<CgiRun>> listeners,
    @Nullable Set<String> methods,
    @Nullable Application localRedirects,
    boolean passAuthorization,
    boolean shellFunctions,
    boolean strictExit,
    ModeRules modes,
    Set<String> passed,
    Set<String> fileVariables,
    boolean lenientType,
    boolean nph,
    boolean encodedSlash) {}
