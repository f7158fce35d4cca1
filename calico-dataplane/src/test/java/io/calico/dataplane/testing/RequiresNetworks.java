package io.calico.dataplane.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The class makes network namespaces. Where that is not allowed it is skipped, or fails if {@code calico.test.require} is
 * {@code true}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresNetworks.Condition.class)
public @interface RequiresNetworks {

    /** Does what {@link RequiresNetworks} says. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            try {
                FreshNetwork.open().close();
                return ConditionEvaluationResult.enabled("namespaces can be made");
            } catch (IllegalStateException e) {
                return Boolean.getBoolean("calico.test.require")
                        ? ConditionEvaluationResult.enabled("it is required")
                        : ConditionEvaluationResult.disabled(e.getMessage());
            }
        }
    }
}
