package io.calico.datastore.unix;

import java.io.IOException;

/** The kinds of messages, with their codes on the wire. */
enum MessageKind {
    /** Version of the protocol. Answer: VALUE with the URI of the served store. */
    HELLO(1),
    GET(2),
    LIST(3),
    COMMIT(4),
    WATCH(5),
    LEASE_GRANT(6),
    LEASE_KEEP_ALIVE(7),
    LEASE_END(8),

    VALUE(32),
    PAGE(33),
    RESULT(34),
    DONE(35),
    FAILED(36),

    EVENTS(48),
    PROGRESS(49),
    COMPACTED(50),
    ENDED(51);

    private final int code;

    MessageKind(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static MessageKind of(int code) throws IOException {
        for (MessageKind kind : values()) {
            if (kind.code == code) {
                return kind;
            }
        }
        throw new IOException("message of unknown kind " + code);
    }
}
