/**
 * The rule language: {@link io.calico.model.rule.Rule}, its text on the command line ({@link
 * io.calico.model.rule.RuleParser}, {@link io.calico.model.rule.RulePrinter}), its JSON form, and what makes a rule
 * unusable ({@link io.calico.model.rule.RuleCheck}). Uses addresses and JSON of the model, nothing else; all of it is
 * immutable or without state.
 */
@NullMarked
package io.calico.model.rule;

import org.jspecify.annotations.NullMarked;
