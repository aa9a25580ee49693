/** The commands of {@code java -jar}. */
package io.github.evercreds.cli;
