package io.calico.dataplane.linux.netlink;

import java.util.Optional;

/**
 * The last message of the kernel's answer to a request.
 *
 * <pre>
 * NLMSG_ERROR   i32 -errno or 0 | header of the request | the rest of the request unless flag NLM_F_CAPPED
 *               | attributes if flag NLM_F_ACK_TLVS: NLMSGERR_ATTR_MSG text, …
 * NLMSG_DONE    i32 -errno or 0 | attributes if flag NLM_F_ACK_TLVS
 * </pre>
 */
final class Acknowledgement {
    private Acknowledgement() {}

    /** What the request met with; empty if it succeeded. */
    static Optional<NetlinkException> failure(MessageReader in, Request request) {
        boolean hasCode = in.length() >= 4;
        int code = hasCode ? in.i32(in.content()) : 0;
        if (code >= 0) {
            return Optional.empty();
        }
        String text = "";
        if ((in.flags() & Wire.NLM_F_ACK_TLVS) != 0) {
            text = in.attributes(fixedLength(in)).text(Wire.NLMSGERR_ATTR_MSG);
        }
        return Optional.of(NetlinkException.refused(request.operation(), request.object(), -code, text));
    }

    private static int fixedLength(MessageReader in) {
        if (in.type() == Wire.NLMSG_DONE) {
            return 4;
        }
        int requestLength = in.i32(in.content() + 4);
        return 4 + ((in.flags() & Wire.NLM_F_CAPPED) != 0 ? Wire.NLMSG_HDRLEN : requestLength);
    }
}
