/** Tests of the syncer. */
@NullMarked
package io.calico.datastore.syncer;

import org.jspecify.annotations.NullMarked;
