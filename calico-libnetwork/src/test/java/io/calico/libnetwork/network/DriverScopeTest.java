package io.calico.libnetwork.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DriverScopeTest {
    @TempDir
    Path proc;

    private void engine(String commandLine) throws Exception {
        Files.createDirectories(proc.resolve("77/root/etc/docker"));
        Files.writeString(proc.resolve("77/cmdline"), commandLine.replace(' ', '\0') + "\0");
    }

    private String auto() {
        return DriverScope.of("auto", proc).of(OptionalInt.of(77));
    }

    @ParameterizedTest
    @CsvSource({
        "dockerd, local",
        "dockerd --cluster-store=etcd://10.0.0.1:2379 --cluster-advertise=10.0.0.2:2376, global",
        "dockerd --cluster-store etcd://10.0.0.1:2379, global",
        "dockerd --cluster-store=, local",
        "dockerd --label x=--cluster-store, local",
    })
    void theEnginesCommandLineDecides(String commandLine, String scope) throws Exception {
        engine(commandLine);

        assertThat(auto()).isEqualTo(scope);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    {"cluster-store":"consul://h:8500"} | global
                    {"cluster-store":""}                | local
                    {"debug":true}                      | local
                    {                                   | local
                    """)
    void theEnginesConfigurationFileDecides(String json, String scope) throws Exception {
        engine("dockerd -D");
        Files.writeString(proc.resolve("77/root/etc/docker/daemon.json"), json);

        assertThat(auto()).isEqualTo(scope);
    }

    @Test
    void theConfigurationFileMayBeElsewhereInTheEnginesOwnRoot() throws Exception {
        engine("dockerd --config-file=/opt/d.json");
        Files.createDirectories(proc.resolve("77/root/opt"));
        Files.writeString(proc.resolve("77/root/opt/d.json"), "{\"cluster-store\":\"zk://h\"}");

        assertThat(auto()).isEqualTo("global");
    }

    @Test
    void anEngineThatCannotBeSeenIsTakenForOneWithoutAClusterStore() {
        assertThat(auto()).isEqualTo("local");
        assertThat(DriverScope.of("auto", proc).of(OptionalInt.empty())).isEqualTo("local");
    }

    @ParameterizedTest
    @ValueSource(strings = {"local", "global"})
    void aSettingIsAnswered(String setting) {
        assertThat(DriverScope.of(setting).of(OptionalInt.empty())).isEqualTo(setting);
    }

    @Test
    void anotherSettingIsRefused() {
        assertThatThrownBy(() -> DriverScope.of("swarm")).hasMessage("scope 'swarm' is none of auto, local, global");
    }
}
