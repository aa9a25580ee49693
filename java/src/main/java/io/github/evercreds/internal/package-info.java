/**
 * The Java side of the engine. Not an API: everything in here may change at any time.
 */
package io.github.evercreds.internal;
