package io.calico.dataplane.linux.nft;

import io.calico.dataplane.DataplaneException;
import io.calico.dataplane.linux.process.Tool;
import io.calico.dataplane.linux.process.ToolResult;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** Hands each transaction to a process {@code nft -f -}; nft 1.0.6 or later. Works in the network namespace of the calling thread. */
public final class NftProcess implements NftWriter {
    private static final String TABLE = "table " + NftText.TABLE;

    /** A table with 10,000 endpoints loads in a second; what takes longer than this hangs. */
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private static final int MOST_ERROR_TEXT = 2000;

    /** A process id is given to another process only after thousands. */
    private static final int REMEMBERED_PROCESSES = 64;

    private final Tool nft;
    private final Deque<Long> processes = new ArrayDeque<>();

    /** Uses that nft. */
    public NftProcess(Tool nft) {
        this.nft = nft;
    }

    /**
     * Uses the nft of this machine.
     *
     * @throws DataplaneException.Unavailable if there is none
     */
    public static NftProcess ofThisMachine() {
        return new NftProcess(Tool.find("nft", LIMIT)
                .orElseThrow(() -> new DataplaneException.Unavailable(
                        "write", TABLE, "there is no program 'nft' here; install the package nftables", null)));
    }

    @Override
    public void write(NftTransaction transaction) {
        ToolResult result = nft.run(transaction.text(), List.of("-f", "-"));
        processes.addLast(result.processId());
        if (processes.size() > REMEMBERED_PROCESSES) {
            processes.removeFirst();
        }
        require("write", result);
    }

    /** Never reads: what nft lists differs from version to version, and is long. */
    @Override
    public Optional<TableListing> read() {
        return Optional.empty();
    }

    @Override
    public boolean tableExists() {
        // Tables by name only: an nft may stumble over rules of others that a newer one wrote.
        ToolResult tables = nft.run("list", "tables", "inet");
        require("look for", tables);
        return tables.output().lines().anyMatch(TABLE::equals);
    }

    /** A process's only netlink socket gets the process's id as its port, unless somebody took that. */
    @Override
    public boolean isOwn(int port) {
        return processes.contains(Integer.toUnsignedLong(port));
    }

    private static void require(String operation, ToolResult result) {
        if (!result.succeeded()) {
            String reason = result.output().isEmpty() ? "nft ended with " + result.exitCode() : result.output();
            throw new DataplaneException.Refused(
                    operation, TABLE, 0, reason.substring(0, Math.min(reason.length(), MOST_ERROR_TEXT)), null);
        }
    }
}
