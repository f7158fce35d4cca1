/**
 * The values of the v1 data model: profiles and their rules, pools, workload endpoints, networks, nodes, and the checks on
 * names and AS numbers. Every value is immutable and holds its own JSON form.
 *
 * <p>The packages, each using only those to its right:
 *
 * <pre>
 *   model ──▶ model.rule ──▶ model.json
 *     │           └────────▶ model.net      (json and net know nothing of the others)
 *     └──▶ json, net
 * </pre>
 *
 * Entry points: {@link io.calico.model.Profile}, {@link io.calico.model.rule.Rule}, {@link
 * io.calico.model.json.ModelJson}, {@link io.calico.model.net.Cidr}. All modules depend on this one; it depends on none of
 * them, starts no thread and does not log.
 */
@NullMarked
package io.calico.model;

import org.jspecify.annotations.NullMarked;
