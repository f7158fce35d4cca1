package io.calico.e2e;

/** What an engine says of one connection of a running container to a Calico network. */
record RunningEndpoint(
        String container, long pid, String networkId, String endpointId, String address, String mac, String sandbox) {}
