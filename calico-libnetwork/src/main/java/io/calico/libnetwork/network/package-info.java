/**
 * The network driver: what a Docker engine asks when networks are made and containers come and go. Entry point is {@link
 * io.calico.libnetwork.network.NetworkDriver}.
 *
 * <p>Every call may come at any time, in any order, again, after a restart of ours, and for things we never heard of; so
 * all that a call needs is in the datastore, and removing what is not there succeeds. Handlers run on many threads at
 * once and block, within the deadline of their call. No call asks the Docker engine anything: it may be waiting for us.
 */
@NullMarked
package io.calico.libnetwork.network;

import org.jspecify.annotations.NullMarked;
