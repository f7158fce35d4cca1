/** What a daemon tells of itself. */
package io.calico.libnetwork.health;
