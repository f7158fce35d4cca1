/**
 * A client of the kernel's rtnetlink interface: links, addresses, routes, neighbours, and their events, without any child
 * process; of connection tracking; and of nftables: its events, the elements of sets, and what is in a table. It knows no
 * policy, no workload and no Docker; from the rest of the project it uses addresses only.
 *
 * <p>Entry points: {@link io.calico.dataplane.linux.netlink.RtNetlink} for questions and changes, {@link
 * io.calico.dataplane.linux.netlink.NetlinkEvents} for what others change, {@link
 * io.calico.dataplane.linux.netlink.NfTables} for elements, {@link io.calico.dataplane.linux.netlink.NftTable} for what is
 * there. All connections are bound for life to the network namespace of the thread
 * that opened them, and confined to one thread at a time.
 *
 * <p>System calls go through JNA's direct mapping. The first one costs 0.15 to 0.3 s in a fresh JVM, so a daemon calls
 * {@link io.calico.dataplane.linux.netlink.RtNetlink#preload()} first. JNA normally unpacks its native library into the
 * temporary folder at each start; a bundle ships it unpacked instead ({@code com/sun/jna/linux-x86-64/libjnidispatch.so}
 * of the jar, for the machine's architecture) and starts Java with {@code -Djna.boot.library.path=DIRECTORY
 * -Djna.nounpack=true}. Only 64-bit Linux is supported.
 */
@NullMarked
package io.calico.dataplane.linux.netlink;

import org.jspecify.annotations.NullMarked;
