/**
 * The files beside an installed command: manual pages, and completion for bash and zsh. They are
 * made from the command's own words when it is packaged.
 */
@NullMarked
package dev.postern.launcher.pages;

import org.jspecify.annotations.NullMarked;
