/**
 * The provider for clusters: etcd by its v3 API, {@code etcd://h1:2379,h2:2379} or {@code etcds://…}. Entry point
 * {@link io.calico.datastore.etcd.EtcdDatastoreProvider}. It uses jetcd's messages and gRPC stubs, not jetcd's client:
 * what may be repeated, and when an outcome is unknown, is decided here, in {@link io.calico.datastore.etcd.EtcdCluster}.
 * Knows {@code spi} only; nothing else knows gRPC. Thread-safe.
 */
@NullMarked
package io.calico.datastore.etcd;

import org.jspecify.annotations.NullMarked;
