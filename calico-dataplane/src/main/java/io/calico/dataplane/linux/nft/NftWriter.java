package io.calico.dataplane.linux.nft;

import io.calico.dataplane.DataplaneException;
import java.util.Optional;

/**
 * Carries out transactions on {@code table inet calico} of one network namespace. Confined to one thread; blocks.
 *
 * <p>The whole interface, so that nobody else notices whether a process or a socket is behind it.
 */
public interface NftWriter {
    /**
     * Carries out all commands, atomically: a packet sees the table as it was or as it will be.
     *
     * @throws DataplaneException.Refused if the kernel or nft refused a command; the table is as before
     * @throws DataplaneException.TimedOut if no answer came in time; the table is as before or as asked
     * @throws DataplaneException.Unavailable if there is no way to nftables on this machine; nothing was done
     */
    void write(NftTransaction transaction);

    /**
     * What is in the table.
     *
     * @return empty if there is no table, or something is in it that this package has no words for, or it cannot be read;
     *     the log says why, if there is one
     */
    Optional<TableListing> read();

    /**
     * Whether the table is there: somebody may have flushed everything.
     *
     * @throws DataplaneException as {@link #write}
     */
    boolean tableExists();

    /**
     * Whether a change that the kernel tells of was made by one of this writer's latest transactions. To be asked after
     * they have returned.
     *
     * @param port of the netlink socket through which the change came, as the event tells it
     */
    boolean isOwn(int port);
}
