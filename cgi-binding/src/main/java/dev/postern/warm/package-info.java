/**
 * Programs that are loaded once: fork servers, workers, and the groups that hold them. The one rule
 * is that no client notices any of this. A script answers as if it had just been started, or a
 * process of its own answers.
 */
@NullMarked
package dev.postern.warm;

import org.jspecify.annotations.NullMarked;
