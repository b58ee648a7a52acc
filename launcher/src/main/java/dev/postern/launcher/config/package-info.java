/**
 * The configuration file of {@code serve}: its form, its schema, and the words that it stands for.
 */
@NullMarked
package dev.postern.launcher.config;

import org.jspecify.annotations.NullMarked;
