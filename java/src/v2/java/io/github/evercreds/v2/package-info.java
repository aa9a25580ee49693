/** The credentials provider for the AWS SDK for Java 2. */
package io.github.evercreds.v2;
