/** Tests of what providers share. */
@NullMarked
package io.calico.datastore.spi;

import org.jspecify.annotations.NullMarked;
