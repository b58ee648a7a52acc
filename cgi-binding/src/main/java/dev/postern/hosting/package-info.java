/**
 * Hosting: what is done for every request that a program answers, whatever runs the program. To add
 * another way to run programs, write a {@link dev.postern.hosting.Hosted} and a {@link
 * dev.postern.process.RunningProgram}, and hand the first to {@link
 * dev.postern.hosting.ProgramHost#run}.
 */
@NullMarked
package dev.postern.hosting;

import org.jspecify.annotations.NullMarked;
