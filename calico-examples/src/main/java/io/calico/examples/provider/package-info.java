/**
 * How to keep Calico's data in a store of your own. Read {@link io.calico.examples.provider.SnapshotDatastore}, a whole
 * provider in one small file, then copy it: its {@code get}, {@code list}, {@code commit} and {@code awaitChanges} are the
 * four places where your store comes in. Register your factory ({@link io.calico.examples.provider.SnapshotProvider}) in
 * {@code META-INF/services/io.calico.datastore.spi.DatastoreProvider}; the URI's scheme then chooses it. It is done when
 * the test that extends {@code io.calico.datastore.testkit.DatastoreConformance} passes.
 * {@link io.calico.examples.provider.WatchProfiles} is a program that uses it.
 */
@NullMarked
package io.calico.examples.provider;

import org.jspecify.annotations.NullMarked;
