/**
 * Classes that several modules of this project need. They are exported to these modules by name,
 * and to nobody else. No class here knows the contract in {@code dev.postern}. Those for text work
 * on ASCII and bytes, one char each, without a locale and without a regular expression.
 */
@NullMarked
package dev.postern.internal;

import org.jspecify.annotations.NullMarked;
