/**
 * The decision table: a fixture of hosts, endpoints and profiles, and packets with the verdict they must get and the rule
 * that must decide. {@link io.calico.policy.testkit.DecisionTable} is the entry point.
 *
 * <p>It is plain data, published so that everything which enforces policy is held to the same table: the evaluator with
 * values, a dataplane with real packets. It needs no test framework. All values are immutable.
 */
@NullMarked
package io.calico.policy.testkit;

import org.jspecify.annotations.NullMarked;
