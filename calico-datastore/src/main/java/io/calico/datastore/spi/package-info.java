/**
 * What a datastore provider implements: a revisioned key-value store ({@link io.calico.datastore.spi.Datastore}) and its
 * factory ({@link io.calico.datastore.spi.DatastoreProvider}, registered for {@link java.util.ServiceLoader}). A provider
 * is done when it passes the conformance kit in {@code io.calico.datastore.testkit}. Calls block; watch callbacks come
 * on threads of the store; {@link io.calico.datastore.spi.Watches} has ready ones for providers that can be asked
 * 'what came after revision r?'. Knows nothing of ours.
 */
@NullMarked
package io.calico.datastore.spi;

import org.jspecify.annotations.NullMarked;
