/**
 * A dataplane in memory, for tests of what drives a dataplane and for embedding where there is no kernel to drive. Entry
 * point: {@link io.calico.dataplane.recording.RecordingDataplane}.
 */
@NullMarked
package io.calico.dataplane.recording;

import org.jspecify.annotations.NullMarked;
