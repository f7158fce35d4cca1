/**
 * What the node daemon counts, and how it is written for a Prometheus server. Entry point is {@link
 * io.calico.libnetwork.metrics.NodeMetrics}: the daemon's parts count in it, {@link
 * io.calico.libnetwork.metrics.MetricsText} writes it. Counting costs an addition; nothing runs while nobody asks.
 */
@NullMarked
package io.calico.libnetwork.metrics;

import org.jspecify.annotations.NullMarked;
