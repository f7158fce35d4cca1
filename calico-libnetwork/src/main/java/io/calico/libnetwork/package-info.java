/**
 * Calico's Docker plugin and the node daemon that composes all modules on a host. Sub-packages: {@code http} (the server
 * on the plugin socket), {@code network} and {@code ipam} (the two drivers), {@code engine} (what we ask the Docker
 * engine, outside its calls), {@code reconcile} (finding and removing what is left over).
 */
@NullMarked
package io.calico.libnetwork;

import org.jspecify.annotations.NullMarked;
