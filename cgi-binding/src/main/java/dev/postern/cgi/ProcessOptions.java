package dev.postern.cgi;

import dev.postern.hosting.Permits;
import dev.postern.process.Starter;
import dev.postern.program.ModeRules;
import dev.postern.warm.Delegation;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * What a host was configured to do with the processes of its programs. Immutable.
 *
 * @param ofOneProgram places for runs of any one program; null for as many as there are in all
 * @param delegation which group runs which program; what none does runs by itself
 * @param programs the directory whose programs are delegated by their paths below it
 * @param ownGroup the group that ends with the application; null for none
 */
record ProcessOptions(
    @Nullable Path workingDirectory,
    @Nullable Permits ofOneProgram,
    Isolation isolation,
    Starter starter,
    Delegation<WorkerGroup> delegation,
    Path programs,
    @Nullable WorkerGroup ownGroup,
    ModeRules modes,
    boolean nph) {}
