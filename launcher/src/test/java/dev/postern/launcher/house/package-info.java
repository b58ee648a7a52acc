/** Tests of the house itself, in the module that sees all others: its public API and its order. */
package dev.postern.launcher.house;
