/**
 * What a datastore provider implements: a revisioned key-value store ({@link io.calico.datastore.spi.Datastore}) and its
 * factory ({@link io.calico.datastore.spi.DatastoreProvider}). A provider is done when it passes the conformance kit in
 * {@code io.calico.datastore.testkit}. Calls block; watch callbacks come on the store's own threads.
 */
@NullMarked
package io.calico.datastore.spi;

import org.jspecify.annotations.NullMarked;
