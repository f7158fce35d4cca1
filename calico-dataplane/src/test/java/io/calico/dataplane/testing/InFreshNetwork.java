package io.calico.dataplane.testing;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import java.util.Optional;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;

/**
 * Runs each test of the class, with its before and after methods, on a thread of its own in a new, empty network
 * namespace; programs that the test starts run there, too. The namespace goes with the thread. Without the right to make
 * one the test is skipped, or fails if {@code calico.test.require} is {@code true}.
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(InFreshNetwork.Extension.class)
public @interface InFreshNetwork {

    /** Does what {@link InFreshNetwork} says. */
    final class Extension implements ExecutionCondition, InvocationInterceptor {
        private static final ExtensionContext.Namespace STORE = ExtensionContext.Namespace.create(Extension.class);

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            return new RequiresNetworks.Condition().evaluateExecutionCondition(context);
        }

        @Override
        public void interceptBeforeEachMethod(
                Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
                throws Throwable {
            proceed(invocation, context);
        }

        @Override
        public void interceptTestMethod(
                Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
                throws Throwable {
            proceed(invocation, context);
        }

        @Override
        public void interceptTestTemplateMethod(
                Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
                throws Throwable {
            proceed(invocation, context);
        }

        @Override
        public void interceptAfterEachMethod(
                Invocation<Void> invocation, ReflectiveInvocationContext<Method> method, ExtensionContext context)
                throws Throwable {
            proceed(invocation, context);
        }

        private static void proceed(Invocation<Void> invocation, ExtensionContext context) throws Throwable {
            FreshNetwork network = context.getStore(STORE)
                    .getOrComputeIfAbsent("network", key -> FreshNetwork.open(), FreshNetwork.class);
            Optional<Throwable> failure = network.call(() -> {
                try {
                    invocation.proceed();
                    return Optional.empty();
                } catch (Throwable e) {
                    return Optional.of(e);
                }
            });
            if (failure.isPresent()) {
                throw failure.get();
            }
        }
    }
}
