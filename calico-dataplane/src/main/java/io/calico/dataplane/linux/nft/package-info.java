/**
 * Policy as an nftables table: {@code table inet calico}, which is ours alone.
 *
 * <pre>
 *   CompiledPolicy ─▶ {@link io.calico.dataplane.linux.nft.PolicyTable} (difference to what is applied)
 *                       ─▶ {@link io.calico.dataplane.linux.nft.NftTransaction} ─▶ {@link io.calico.dataplane.linux.nft.NftWriter} (all or nothing)
 *   kernel ─▶ {@link io.calico.dataplane.linux.nft.TableListing}: what is there, where nobody remembers what was applied
 * </pre>
 *
 * Commands and rules are values ({@link io.calico.dataplane.linux.nft.NftCommand}, {@link
 * io.calico.dataplane.linux.nft.Statement}), so that {@link io.calico.dataplane.linux.nft.NftKernel}, which speaks to the
 * kernel itself, needs no parser of nft's text; {@link io.calico.dataplane.linux.nft.NftText} writes them in the words of the manual page nft(8). Nothing of a
 * user's gets into the text but names of a safe alphabet, addresses and numbers. Entry point: {@link
 * io.calico.dataplane.linux.nft.NftPolicyDriver}. Confined to one thread unless a class says otherwise.
 */
@NullMarked
package io.calico.dataplane.linux.nft;

import org.jspecify.annotations.NullMarked;
