/**
 * Arbitrary values of the domain for property tests, published as this module's test jar so that the other modules test
 * with the same ones. Entry point: {@link io.calico.model.testing.ModelArbitraries}.
 */
package io.calico.model.testing;
