/**
 * Routes between hosts: what a datastore says about blocks, hosts and tunnels, folded into the routes that one host wants.
 * Knows nothing of Linux; whether another host is on link, and what the kernel can do, is the dataplane's to find out.
 */
@NullMarked
package io.calico.dataplane.routes;

import org.jspecify.annotations.NullMarked;
