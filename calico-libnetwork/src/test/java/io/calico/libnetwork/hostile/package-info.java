/** What nobody should send or store, sent and stored: the plugin answers, and nothing is left over. */
package io.calico.libnetwork.hostile;
