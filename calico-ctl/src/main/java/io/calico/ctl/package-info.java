/**
 * The {@code calicoctl} command. Entry point: {@link io.calico.ctl.Calicoctl}. One class per command group
 * ({@code PoolCommand}, {@code ProfileCommand}, …); each states its usage lines, and the same lines are what arguments
 * are matched against, what help prints and what a usage error shows.
 *
 * <p>Confined to the thread that calls it. Knows the datastore, the allocator and the node's set-up, but nothing of the
 * kernel. Starting must be cheap: nothing here may load a class that the command at hand does not need.
 */
@NullMarked
package io.calico.ctl;

import org.jspecify.annotations.NullMarked;
