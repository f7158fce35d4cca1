/** Tests of the example provider. */
@NullMarked
package io.calico.examples.provider;

import org.jspecify.annotations.NullMarked;
