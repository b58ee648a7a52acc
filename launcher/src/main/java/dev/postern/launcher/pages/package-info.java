/**
 * What an installed command has beside it, made of the command's own words when it is packaged:
 * manual pages, and completion for bash and zsh.
 */
@NullMarked
package dev.postern.launcher.pages;

import org.jspecify.annotations.NullMarked;
