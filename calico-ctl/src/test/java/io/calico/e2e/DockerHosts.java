package io.calico.e2e;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** The test needs root, Docker and nftables. Without them it is skipped with one line, or fails where it must run. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(DockerHosts.Condition.class)
@interface DockerHosts {
    /** Decides whether virtual Docker hosts can be made here. */
    final class Condition implements ExecutionCondition {
        private static final List<String> PROGRAMS =
                List.of("/usr/sbin/dockerd", "/usr/sbin/nft", "/usr/sbin/iptables", "/bin/busybox");

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            String missing = missing();
            if (missing.isEmpty()) {
                return ConditionEvaluationResult.enabled("root, Docker and nftables are here");
            }
            String text = context.getDisplayName() + " needs " + missing + "; bin/test sets it up";
            if (Boolean.getBoolean("calico.test.require")) {
                throw new IllegalStateException(text);
            }
            return ConditionEvaluationResult.disabled(text);
        }

        private static String missing() {
            if (!System.getProperty("user.name").equals("root")) {
                return "root";
            }
            return PROGRAMS.stream()
                    .filter(program -> !Files.isExecutable(Path.of(program)))
                    .findFirst()
                    .orElse(Engine.inThisRun()
                            .filter(e -> !e.isAvailable())
                            .findFirst()
                            .map(e -> "the Docker engine " + e)
                            .orElse(""));
        }
    }
}
