/**
 * The JSON side of the model: texts to trees and back ({@link io.calico.model.json.ModelJson}), the reading of single
 * fields with errors that name them ({@link io.calico.model.json.RecordFields}), and the one Immutables style. Knows no
 * record format itself: each value's own file holds its form. Every package of the model may use it; everything here is
 * thread-safe.
 */
@NullMarked
package io.calico.model.json;

import org.jspecify.annotations.NullMarked;
