/** What the integration tests of this module share: network namespaces of their own, and programs run in them. */
@NullMarked
package io.calico.dataplane.testing;

import org.jspecify.annotations.NullMarked;
