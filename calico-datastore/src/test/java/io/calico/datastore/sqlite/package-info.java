/** Tests of the embedded store, with real files and real processes. */
@NullMarked
package io.calico.datastore.sqlite;

import org.jspecify.annotations.NullMarked;
