/** Tests of the memory store. */
@NullMarked
package io.calico.datastore.memory;

import org.jspecify.annotations.NullMarked;
