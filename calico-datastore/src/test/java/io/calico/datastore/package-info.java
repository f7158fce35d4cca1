/** Tests of the layout, the typed layer and the opening of stores. */
@NullMarked
package io.calico.datastore;

import org.jspecify.annotations.NullMarked;
