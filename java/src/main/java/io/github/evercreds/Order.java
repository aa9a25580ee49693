// Whose default credential order and property names are followed.
package io.github.evercreds;

/** Whose default credential order, and whose JVM property names, are followed. */
public enum Order {
    /** AWS SDK for Java 1: environment variables, JVM system properties, web identity, profile, container, instance profile. */
    V1,
    /** AWS SDK for Java 2: JVM system properties, environment variables, web identity, profile, container, instance profile. */
    V2
}
