/**
 * The conformance kit: what every provider of {@code spi} must pass, ours or a stranger's. Extend
 * {@link io.calico.datastore.testkit.DatastoreConformance}. Also {@link io.calico.datastore.testkit.FaultyDatastore}, a
 * store that fails on purpose, for tests of whoever uses one. Needs JUnit Jupiter and AssertJ, which are optional
 * dependencies of this module: nothing outside this package uses them.
 */
@NullMarked
package io.calico.datastore.testkit;

import org.jspecify.annotations.NullMarked;
