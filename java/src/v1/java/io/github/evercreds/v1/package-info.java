/** The credentials provider for the AWS SDK for Java 1. */
package io.github.evercreds.v1;
