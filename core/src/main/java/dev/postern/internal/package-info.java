/**
 * Pieces that several modules of the house need: exported to them by name, to nobody else. No piece
 * knows the contract in {@code dev.postern}; all of them work on ASCII and bytes, one char each,
 * without a locale and without a regular expression.
 */
@NullMarked
package dev.postern.internal;

import org.jspecify.annotations.NullMarked;
