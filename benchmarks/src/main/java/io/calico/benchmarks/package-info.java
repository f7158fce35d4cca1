/** Programs that measure; {@code benchmarks/run} runs them and the scripts, {@code benchmarks/README.md} has the figures. */
@NullMarked
package io.calico.benchmarks;

import org.jspecify.annotations.NullMarked;
