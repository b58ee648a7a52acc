/** What each rule that a program or a request can break is about, and what to do. */
@NullMarked
package dev.postern.launcher.rules;

import org.jspecify.annotations.NullMarked;
