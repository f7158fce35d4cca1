/** Tests of the etcd provider, with real members. */
@NullMarked
package io.calico.datastore.etcd;

import org.jspecify.annotations.NullMarked;
