package io.calico.datastore.etcd;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The class starts real etcd servers. Without the program {@code etcd} it is skipped, or fails if {@code
 * calico.test.require} is {@code true}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresEtcd.Condition.class)
@interface RequiresEtcd {
    /** Looks for the program. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            if (EtcdServer.isInstalled() || Boolean.getBoolean("calico.test.require")) {
                // Where it is required, starting it fails and says so.
                return ConditionEvaluationResult.enabled("etcd is installed or required");
            }
            return ConditionEvaluationResult.disabled("there is no etcd in PATH (Debian: etcd-server)");
        }
    }
}
