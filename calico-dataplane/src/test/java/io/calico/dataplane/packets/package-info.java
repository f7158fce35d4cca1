/**
 * Policy under real packets: frames are put on the far ends of a host's interfaces, byte by byte, and looked for on the
 * others. No stack is at the far ends, so a frame may be forged in any way, and a network takes no time to set up.
 */
@NullMarked
package io.calico.dataplane.packets;

import org.jspecify.annotations.NullMarked;
