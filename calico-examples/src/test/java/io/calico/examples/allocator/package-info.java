/** Tests of {@link io.calico.examples.allocator}. */
@NullMarked
package io.calico.examples.allocator;

import org.jspecify.annotations.NullMarked;
