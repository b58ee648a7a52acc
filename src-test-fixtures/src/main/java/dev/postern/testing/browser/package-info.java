/** A browser for tests of pages: {@link dev.postern.testing.browser.Browser}. */
@NullMarked
package dev.postern.testing.browser;

import org.jspecify.annotations.NullMarked;
