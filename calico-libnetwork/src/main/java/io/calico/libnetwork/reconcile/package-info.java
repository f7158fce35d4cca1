/**
 * The reconciler: finds what lost calls, crashes and power failures left in the datastore and in the kernel, and removes
 * it. Entry points are {@link io.calico.libnetwork.reconcile.Reconciler}, which looks once, and {@link
 * io.calico.libnetwork.reconcile.PeriodicReconciler}, which does so from time to time on a thread of its own. Never part of
 * a driver call.
 */
@NullMarked
package io.calico.libnetwork.reconcile;

import org.jspecify.annotations.NullMarked;
