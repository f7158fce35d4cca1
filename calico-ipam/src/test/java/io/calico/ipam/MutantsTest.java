package io.calico.ipam;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.calico.ipam.Mutation.Kind;
import io.calico.ipam.Mutation.What;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The tests can fail: for each compare that the allocator makes, an allocator without it is caught by one of them. Those
 * compares that another one implies are named with the reason; {@code docs/ipam-mutants.md} has the table.
 */
class MutantsTest {
    /** What is tried first catches most. */
    private static final List<Class<?>> BATTERY = List.of(
            ReleaseTest.class,
            AutoAssignTest.class,
            SpecificAssignTest.class,
            QueriesTest.class,
            SettingsTest.class,
            AffinityTest.class,
            ForeignWriterTest.class,
            InterleavingsTest.class);

    private static final int SEEDS = Scheduler.LONG_RUN ? 2000 : 150;

    /** Without these compares the allocator is as right as with them. */
    private static final Map<Mutation, String> IMPLIED = Map.of(
            new Mutation(Kind.CLAIM, What.ROW),
                    "the block did not exist: whoever owns it writes the row anew, and nobody else's transaction can"
                            + " have made it mean anything",
            new Mutation(Kind.RECLAIM, What.ROW),
                    "the block is compared, and every transaction that changes whose a block is writes the block",
            new Mutation(Kind.AFFINITY_RELEASE, What.ROW),
                    "the block is compared, and every transaction that changes whose a block is writes the block",
            new Mutation(Kind.ASSIGN, What.ROW),
                    "a row is put right together with a block of the host, which is compared",
            new Mutation(Kind.ROW_CLEANUP, What.OTHER_BLOCK),
                    "the row is compared, and a claim of the block writes the row",
            new Mutation(Kind.ROW_CLEANUP, What.ROW),
                    "the block is compared, and a claim writes it; without both compares the mutant is caught");

    static Stream<Mutation> mutations() {
        return Stream.of(
                new Mutation(Kind.CLAIM, What.BLOCK),
                new Mutation(Kind.CLAIM, What.OTHER_BLOCK),
                new Mutation(Kind.CLAIM, What.HANDLE),
                new Mutation(Kind.CLAIM, What.POOL),
                new Mutation(Kind.CLAIM, What.CONFIG),
                new Mutation(Kind.RECLAIM, What.BLOCK),
                new Mutation(Kind.ASSIGN, What.BLOCK),
                new Mutation(Kind.ASSIGN, What.HANDLE),
                new Mutation(Kind.ASSIGN, What.POOL),
                new Mutation(Kind.ASSIGN, What.CONFIG),
                new Mutation(Kind.RELEASE, What.BLOCK),
                new Mutation(Kind.RELEASE, What.OTHER_BLOCK),
                new Mutation(Kind.RELEASE, What.HANDLE),
                new Mutation(Kind.RELEASE, What.CONFIG),
                new Mutation(Kind.AFFINITY_RELEASE, What.BLOCK),
                new Mutation(Kind.ROW_CLEANUP, What.ALL),
                new Mutation(Kind.BIND, What.BLOCK));
    }

    @AfterEach
    void noMutation() {
        Mutation.current = null;
    }

    @ParameterizedTest
    @MethodSource("mutations")
    void anAllocatorWithoutThisCompareIsCaught(Mutation mutation) {
        Mutation.current = mutation;

        Optional<String> caughtBy = caughtBy();

        System.out.println(
                "mutant " + mutation.kind() + " " + mutation.what() + ": caught by " + caughtBy.orElse("NOTHING"));
        if (caughtBy.isEmpty()) {
            fail("an allocator without the compare of " + mutation + " passes all tests");
        }
    }

    @Test
    void compareThatAreImpliedAreNotAmongThem() {
        assertThat(mutations()).doesNotContainAnyElementsOf(IMPLIED.keySet());
    }

    private static Optional<String> caughtBy() {
        for (Class<?> tests : BATTERY) {
            Optional<String> caught = run(tests, () -> newInstance(tests));
            if (caught.isPresent()) {
                return caught;
            }
        }
        for (int seed = 0; seed < SEEDS; seed++) {
            try {
                new ConcurrentModelTest().noAddressIsEverGivenToTwoCallers_I1(seed);
            } catch (AssertionError | Exception e) {
                return Optional.of("ConcurrentModelTest, seed " + seed);
            }
            try {
                new ForeignWriterTest().togetherTheyGiveNoAddressTwiceAndLeaveWhatAHostCanHeal_I1_I2_I6(seed);
            } catch (AssertionError | Exception e) {
                return Optional.of("ForeignWriterTest, seed " + seed);
            }
        }
        return Optional.empty();
    }

    /** Makes what a test method belongs to, afresh. */
    private interface Fixture {
        Object make() throws ReflectiveOperationException;
    }

    private static Object newInstance(Class<?> type, Object... outer) throws ReflectiveOperationException {
        Constructor<?> constructor = type.getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        return constructor.newInstance(outer);
    }

    private static Optional<String> run(Class<?> tests, Fixture fixture) {
        List<Method> methods = new ArrayList<>(Arrays.asList(tests.getDeclaredMethods()));
        methods.sort(Comparator.comparing(Method::getName));
        for (Method method : methods) {
            if (method.isAnnotationPresent(Test.class) && !passes(fixture, method)) {
                return Optional.of(tests.getSimpleName() + "." + method.getName());
            }
        }
        for (Class<?> nested : tests.getDeclaredClasses()) {
            if (nested.isAnnotationPresent(Nested.class)) {
                Optional<String> caught = run(nested, () -> newInstance(nested, fixture.make()));
                if (caught.isPresent()) {
                    return caught;
                }
            }
        }
        return Optional.empty();
    }

    private static boolean passes(Fixture fixture, Method method) {
        try {
            Object instance = fixture.make();
            method.setAccessible(true);
            method.invoke(instance);
            for (Object of = instance; of != null; of = outer(of)) {
                for (Method after : of.getClass().getDeclaredMethods()) {
                    if (after.isAnnotationPresent(AfterEach.class)) {
                        after.setAccessible(true);
                        after.invoke(of);
                    }
                }
            }
            return true;
        } catch (InvocationTargetException e) {
            return false;
        } catch (ReflectiveOperationException e) {
            throw new LinkageError("the test method cannot be run", e);
        }
    }

    private static Object outer(Object inner) throws ReflectiveOperationException {
        for (var field : inner.getClass().getDeclaredFields()) {
            if (field.getName().startsWith("this$")) {
                field.setAccessible(true);
                return field.get(inner);
            }
        }
        return null;
    }

    /** The battery passes without a mutation, or it would catch everything. */
    @Test
    void anAllocatorWithAllItsComparesPasses() {
        for (Class<?> tests : BATTERY) {
            assertThat(run(tests, () -> newInstance(tests))).isEmpty();
        }
    }
}
