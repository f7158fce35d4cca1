package io.calico.datastore.etcd;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.calico.datastore.etcd.EtcdSettings.Login;
import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthenticateRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The token of a user, which all members accept until it was not used for some minutes. Thread-safe.
 */
final class EtcdLogin {
    private final Optional<Login> login;
    private final Object lock = new Object();

    /** Empty text: etcd asks for none. */
    @GuardedBy("lock")
    private @Nullable String token;

    EtcdLogin(Optional<Login> login) {
        this.login = login;
    }

    boolean isPossible() {
        return login.isPresent();
    }

    /** The token, asked from that member if there is none; empty: without one. */
    Optional<String> token(Channel member, CallOptions options) throws StatusRuntimeException {
        if (login.isEmpty()) {
            return Optional.empty();
        }
        synchronized (lock) {
            if (token == null) {
                token = authenticate(member, options, login.get());
            }
            return Optional.of(token).filter(text -> !text.isEmpty());
        }
    }

    private static String authenticate(Channel member, CallOptions options, Login login) {
        AuthenticateRequest request = AuthenticateRequest.newBuilder()
                .setName(login.user())
                .setPassword(login.password())
                .build();
        try {
            return ClientCalls.blockingUnaryCall(member, AuthGrpc.getAuthenticateMethod(), options, request)
                    .getToken();
        } catch (StatusRuntimeException e) {
            String text = String.valueOf(e.getStatus().getDescription());
            if (text.contains("authentication is not enabled")) {
                return "";
            }
            throw e;
        }
    }

    /** The next call asks for a new one. */
    void forget() {
        synchronized (lock) {
            token = null;
        }
    }
}
