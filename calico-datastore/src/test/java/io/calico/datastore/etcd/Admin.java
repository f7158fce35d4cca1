package io.calico.datastore.etcd;

import io.calico.datastore.etcd.EtcdSettings.Endpoint;
import io.etcd.jetcd.api.AlarmRequest;
import io.etcd.jetcd.api.AlarmType;
import io.etcd.jetcd.api.AuthEnableRequest;
import io.etcd.jetcd.api.AuthGrpc;
import io.etcd.jetcd.api.AuthRoleAddRequest;
import io.etcd.jetcd.api.AuthRoleGrantPermissionRequest;
import io.etcd.jetcd.api.AuthUserAddRequest;
import io.etcd.jetcd.api.AuthUserGrantRoleRequest;
import io.etcd.jetcd.api.CompactionRequest;
import io.etcd.jetcd.api.DefragmentRequest;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.MaintenanceGrpc;
import io.etcd.jetcd.api.Permission;
import io.etcd.jetcd.api.StatusRequest;
import io.etcd.jetcd.api.StatusResponse;
import java.util.List;
import java.util.Optional;

/** What an operator does at one member, as etcdctl does it. */
final class Admin implements AutoCloseable {
    private final EtcdCluster member;

    Admin(EtcdServer server) {
        String[] parts = server.endpoint().split(":", 2);
        this.member = new EtcdCluster(new EtcdSettings(
                List.of(new Endpoint(parts[0], Integer.parseInt(parts[1]))), Optional.empty(), Optional.empty()));
    }

    long revision() {
        return member.repeatable("reading", KVGrpc.getRangeMethod(), EtcdMessages.probe("/", 0))
                .getHeader()
                .getRevision();
    }

    /** Forgets how things were before the newest revision. */
    void compact() {
        CompactionRequest request = CompactionRequest.newBuilder()
                .setRevision(revision())
                .setPhysical(true)
                .build();
        member.repeatable("compacting", KVGrpc.getCompactMethod(), request);
    }

    private StatusResponse status() {
        return member.repeatable(
                "asking for the status", MaintenanceGrpc.getStatusMethod(), StatusRequest.getDefaultInstance());
    }

    boolean isLeader() {
        StatusResponse status = status();
        return status.getLeader() == status.getHeader().getMemberId();
    }

    /** Gives the space of forgotten revisions back and ends the alarm NOSPACE. */
    void makeRoom() {
        compact();
        member.repeatable(
                "defragmenting", MaintenanceGrpc.getDefragmentMethod(), DefragmentRequest.getDefaultInstance());
        AlarmRequest disarm = AlarmRequest.newBuilder()
                .setAction(AlarmRequest.AlarmAction.DEACTIVATE)
                .setAlarm(AlarmType.NOSPACE)
                .setMemberID(status().getHeader().getMemberId())
                .build();
        member.repeatable("disarming", MaintenanceGrpc.getAlarmMethod(), disarm);
    }

    /** From now on users are asked for: {@code root} with all rights, and one that may use {@code /calico/} only. */
    void requireUsers(String user, String password) {
        addUser("root", "of no use here", "root");
        member.repeatable("adding a role", AuthGrpc.getRoleAddMethod(), role("calico"));
        member.repeatable(
                "granting",
                AuthGrpc.getRoleGrantPermissionMethod(),
                AuthRoleGrantPermissionRequest.newBuilder()
                        .setName("calico")
                        .setPerm(Permission.newBuilder()
                                .setPermType(Permission.Type.READWRITE)
                                .setKey(EtcdMessages.bytes("/calico/"))
                                .setRangeEnd(EtcdMessages.end("/calico/")))
                        .build());
        addUser(user, password, "calico");
        member.repeatable("enabling", AuthGrpc.getAuthEnableMethod(), AuthEnableRequest.getDefaultInstance());
    }

    private static AuthRoleAddRequest role(String name) {
        return AuthRoleAddRequest.newBuilder().setName(name).build();
    }

    private void addUser(String user, String password, String role) {
        member.repeatable(
                "adding a user",
                AuthGrpc.getUserAddMethod(),
                AuthUserAddRequest.newBuilder()
                        .setName(user)
                        .setPassword(password)
                        .build());
        if (role.equals("root")) {
            member.repeatable("adding a role", AuthGrpc.getRoleAddMethod(), role("root"));
        }
        member.repeatable(
                "granting a role",
                AuthGrpc.getUserGrantRoleMethod(),
                AuthUserGrantRoleRequest.newBuilder()
                        .setUser(user)
                        .setRole(role)
                        .build());
    }

    @Override
    public void close() {
        member.close();
    }
}
