package io.calico.dataplane.linux.netlink;

import java.util.List;
import java.util.function.Consumer;

/**
 * Requests and their answers on one socket. Every request carries a sequence number of its own and its answers carry it
 * back, so an answer left behind by a call that failed is recognised and dropped. Confined to one thread at a time.
 */
final class Exchange implements AutoCloseable {
    private final NetlinkSocket socket;
    private final MessageWriter out = new MessageWriter();
    private int sequence;

    /** On this socket, which is closed with it. */
    Exchange(NetlinkSocket socket) {
        this.socket = socket;
    }

    /**
     * Sends the requests and reads until each is acknowledged.
     *
     * @param answers given what else the kernel sends in answer
     * @param failures to which what the kernel refused is added, in the order of the requests
     * @return false if a list changed while it was written and must be asked for again
     */
    boolean run(List<Request> requests, Consumer<MessageReader> answers, List<NetlinkException> failures) {
        int first = sequence + 1;
        out.clear();
        for (Request request : requests) {
            request.write(out, ++sequence);
        }
        Request speaker = requests.get(0);
        socket.send(out.finish(), speaker.operation(), speaker.object());
        boolean isConsistent = true;
        int open = requests.size();
        while (open > 0) {
            MessageReader in = socket.receive(speaker.operation(), speaker.object());
            while (in.next()) {
                int number = in.sequence() - first;
                if (number < 0 || number >= requests.size()) {
                    continue; // the late answer to a call that gave up
                }
                isConsistent &= (in.flags() & Wire.NLM_F_DUMP_INTR) == 0;
                if (in.type() == Wire.NLMSG_ERROR || in.type() == Wire.NLMSG_DONE) {
                    Acknowledgement.failure(in, requests.get(number)).ifPresent(failures::add);
                    open--;
                } else if (in.type() != Wire.NLMSG_NOOP) {
                    answers.accept(in);
                }
            }
        }
        return isConsistent;
    }

    @Override
    public void close() {
        socket.close();
    }
}
