package io.calico.ipam;

import io.calico.ipam.internal.IpamConfig;

/** Reads the settings from their stored form. */
final class SettingsRecord {
    private SettingsRecord() {}

    static IpamSettings read(IpamConfig config) {
        return IpamSettings.builder()
                .strictAffinity(config.strictAffinity())
                .autoAllocateBlocks(config.autoAllocateBlocks())
                .maxBlocksPerHost(config.maxBlocksPerHost())
                .coolDown(config.coolDown())
                .reservations(config.reservations().ranges())
                .build();
    }
}
