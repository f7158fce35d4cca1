/**
 * How the node daemon tells others how it is: {@link io.calico.libnetwork.health.NodeHealth} looks, {@link
 * io.calico.libnetwork.health.StatusServer} answers on a socket for root (and on a loopback port, if asked), {@link
 * io.calico.libnetwork.health.StatusClient} is what {@code calicoctl} asks with.
 */
@NullMarked
package io.calico.libnetwork.health;

import org.jspecify.annotations.NullMarked;
