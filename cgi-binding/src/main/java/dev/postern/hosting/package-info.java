/**
 * Hosting: what is done for every request that a program answers, whatever runs the program. Who
 * adds another way to run one writes a {@link dev.postern.hosting.Hosted} and a {@link
 * dev.postern.process.RunningProgram}, and hands the first to {@link
 * dev.postern.hosting.ProgramHost#run}.
 */
@NullMarked
package dev.postern.hosting;

import org.jspecify.annotations.NullMarked;
