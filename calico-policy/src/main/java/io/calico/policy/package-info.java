/**
 * The rule compiler and the evaluator. {@link io.calico.policy.PolicyCalculator} folds profiles, endpoints and pools
 * into a {@link io.calico.policy.CompiledPolicy}: what one host must enforce, as values that say nothing of how.
 * {@link io.calico.policy.Evaluator} answers from the same values whether a packet passes, and which rule decided.
 *
 * <p>A backend (nftables, an evaluator, a printer) reads a rule through {@link io.calico.policy.Match.Visitor}, which
 * has no default methods: a new kind of match does not compile until every backend has an answer for it.
 *
 * <p>All values are immutable and may be shared between threads; the calculator is confined to one thread. Nothing here
 * logs, blocks, or knows a datastore or a kernel. {@code io.calico.policy.testkit} holds the decision table which every
 * backend must satisfy.
 */
@NullMarked
package io.calico.policy;

import org.jspecify.annotations.NullMarked;
