package io.calico.dataplane.testing;

import com.sun.jna.Native;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Method;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
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

    /** The system call; JNA maps it for the class that declares it. */
    final class SystemCall {
        static final int CLONE_NEWNET = 0x40000000;

        static {
            Native.register(SystemCall.class, "c");
        }

        private SystemCall() {}

        static native int unshare(int flags);
    }

    /** Does what {@link InFreshNetwork} says. */
    final class Extension implements ExecutionCondition, InvocationInterceptor {
        private static final ExtensionContext.Namespace STORE = ExtensionContext.Namespace.create(Extension.class);

        /** A thread that left the network namespace of the process. */
        record Room(ExecutorService thread) implements AutoCloseable {
            static Room open() {
                ExecutorService thread =
                        Executors.newSingleThreadExecutor(task -> new Thread(task, "calico-test-network-1"));
                Room room = new Room(thread);
                try {
                    if (thread.submit(() -> SystemCall.unshare(SystemCall.CLONE_NEWNET))
                                    .get()
                            != 0) {
                        throw new IllegalStateException("a network namespace cannot be made; root is needed");
                    }
                    return room;
                } catch (Exception e) {
                    room.close();
                    throw e instanceof IllegalStateException ours ? ours : new IllegalStateException(e);
                }
            }

            @Override
            public void close() {
                thread.shutdownNow();
            }
        }

        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            try (Room room = Room.open()) {
                return ConditionEvaluationResult.enabled("namespaces can be made by " + room);
            } catch (IllegalStateException e) {
                return Boolean.getBoolean("calico.test.require")
                        ? ConditionEvaluationResult.enabled("it is required")
                        : ConditionEvaluationResult.disabled(e.getMessage());
            }
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
            Room room = context.getStore(STORE).getOrComputeIfAbsent("room", key -> Room.open(), Room.class);
            Future<Throwable> outcome = room.thread().submit(() -> {
                try {
                    invocation.proceed();
                    return null;
                } catch (Throwable e) {
                    return e;
                }
            });
            Throwable failure = outcome.get();
            if (failure != null) {
                throw failure;
            }
        }
    }
}
