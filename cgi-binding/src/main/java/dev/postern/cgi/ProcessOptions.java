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
 * @param ofOneProgram places for the runs of any one program; null when only the limit of all runs
 *     counts
 * @param delegation which group runs which program; a program without a group gets a process of its
 *     own
 * @param programs the directory of the programs; the delegation looks at their paths below it
 * @param ownGroup the group that is closed together with the application; null for none
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
