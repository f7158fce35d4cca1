@org.jspecify.annotations.NullMarked
package io.calico.libnetwork.sync;
