package io.calico.ctl;

import java.io.File;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The class starts a real etcd: without that program it is skipped, or fails if {@code calico.test.require} is true. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(RequiresEtcd.Condition.class)
@interface RequiresEtcd {
    /** Looks for the program. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            boolean isInstalled = Stream.of(
                            System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
                    .anyMatch(entry -> Files.isExecutable(Path.of(entry, "etcd")));
            return isInstalled || Boolean.getBoolean("calico.test.require")
                    ? ConditionEvaluationResult.enabled("etcd is installed or required")
                    : ConditionEvaluationResult.disabled("there is no etcd in PATH (Debian: etcd-server)");
        }
    }
}
