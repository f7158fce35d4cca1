@NullMarked
package io.calico.libnetwork.reconcile;

import org.jspecify.annotations.NullMarked;
