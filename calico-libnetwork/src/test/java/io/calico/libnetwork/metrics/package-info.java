/** What a daemon counts. */
package io.calico.libnetwork.metrics;
