/**
 * The one rule that we write outside of our own table: accepted packets carry a mark, and this rule lets packets with it
 * pass an iptables FORWARD chain whose policy is DROP, as Docker sets it. Entry point: {@link
 * io.calico.dataplane.linux.iptables.ForwardAcceptRule}. Confined to one thread.
 */
@NullMarked
package io.calico.dataplane.linux.iptables;

import org.jspecify.annotations.NullMarked;
