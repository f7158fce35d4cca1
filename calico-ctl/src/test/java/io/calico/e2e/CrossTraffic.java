package io.calico.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

/**
 * Four containers on two hosts, and what goes on between them while something fails: a connection and ever new flows from
 * the friend, which must all be answered, and packets of strangers on both hosts, of which none may arrive. Made once;
 * traffic can be begun and ended many times.
 */
final class CrossTraffic {
    private static final int OPEN_PORT = 80;
    private static final int FLOW_PORT = 5001;
    private static final int FORBIDDEN_PORT = 5000;
    /** A machine with other work may hold a prober back so long. */
    private static final Duration LONGEST_GAP = Duration.ofSeconds(2);

    private final Probe server;
    private final Probe friend;
    private final Probe stranger;
    private final Probe strangerNear;
    private final String serverAddress;

    /** Networks {@code data-tier} and {@code app-tier} are there. */
    CrossTraffic(VirtualHost one, VirtualHost two) {
        server = one.container("server", "data-tier").serveTcp(OPEN_PORT, 3306).serveUdp(FORBIDDEN_PORT, FLOW_PORT);
        serverAddress = one.addressOf("server", "data-tier");
        strangerNear = one.container("stranger-near", "app-tier");
        friend = two.container("friend", "data-tier");
        stranger = two.container("stranger", "app-tier");
    }

    Probe friend() {
        return friend;
    }

    /** In {@code app-tier} on the other host than the server. */
    Probe stranger() {
        return stranger;
    }

    /** In {@code app-tier} on the server's host. */
    Probe strangerNear() {
        return strangerNear;
    }

    String serverAddress() {
        return serverAddress;
    }

    void begin() {
        friend.startStream(serverAddress, OPEN_PORT);
        friend.startFlows(serverAddress, FLOW_PORT);
        stranger.startDatagrams(serverAddress, FORBIDDEN_PORT);
        strangerNear.startDatagrams(serverAddress, FORBIDDEN_PORT);
    }

    /** Ends the traffic; fails unless every packet of the friend was answered, and none of the strangers arrived. */
    void endUnharmed() {
        Probe.StreamReport stream = friend.endStream();
        Probe.DatagramReport flows = friend.endFlows();
        Probe.DatagramReport far = stranger.endDatagrams();
        Probe.DatagramReport near = strangerNear.endDatagrams();
        System.out.printf("CrossTraffic: %s, flows %s, forbidden %s %s%n", stream, flows, far, near);

        assertThat(stream.rounds()).as("rounds of the stream").isGreaterThan(100);
        assertThat(stream.longestGapMillis())
                .as("longest wait of the stream for an answer, ms")
                .isLessThan(LONGEST_GAP.toMillis());
        assertThat(flows.sent()).as("new flows of the friend").isGreaterThan(50);
        assertThat(flows.lost())
                .as("new flows without an answer, of %d", flows.sent())
                .isZero();
        assertThat(far.sent()).as("forbidden packets from the other host").isGreaterThan(100);
        assertThat(near.sent()).as("forbidden packets from the same host").isGreaterThan(100);
        assertThat(server.udpCount(FORBIDDEN_PORT))
                .as("forbidden packets that arrived")
                .isZero();
    }
}
