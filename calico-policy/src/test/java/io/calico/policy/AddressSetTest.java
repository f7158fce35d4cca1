package io.calico.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.calico.model.net.IpAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class AddressSetTest {
    private static final IpAddress ONE = IpAddress.parse("10.0.0.1");
    private static final IpAddress TWO = IpAddress.parse("10.0.0.2");
    private static final IpAddress SIX = IpAddress.parse("fd80::6");

    @Test
    void membersComeInAscendingOrderAndOnce() {
        AddressSet set = AddressSet.copyOf(List.of(SIX, TWO, ONE, TWO));

        assertThat(set).containsExactly(ONE, TWO, SIX).hasSize(3);
    }

    @Test
    void addingAMemberGivesTheSameInstance() {
        AddressSet set = AddressSet.of(ONE, TWO);

        assertThat(set.with(TWO)).isSameAs(set);
    }

    @Test
    void removingWhatIsNoMemberGivesTheSameInstance() {
        AddressSet set = AddressSet.of(ONE, TWO);

        assertThat(set.without(SIX)).isSameAs(set);
    }

    @Test
    void removingTheLastMemberGivesTheEmptySet() {
        assertThat(AddressSet.of(ONE).without(ONE)).isSameAs(AddressSet.empty());
    }

    @Test
    void setIsEqualToAnyOtherSetOfTheSameAddresses() {
        AddressSet set = AddressSet.of(ONE, TWO);

        assertThat(set).isEqualTo(Set.of(ONE, TWO)).hasSameHashCodeAs(Set.of(TWO, ONE));
        assertThat(Set.of(ONE, TWO)).isEqualTo(set);
        assertThat(set).isNotEqualTo(AddressSet.of(ONE, SIX)).isNotEqualTo(AddressSet.of(ONE));
    }

    @Test
    void setCannotBeChanged() {
        AddressSet set = AddressSet.of(ONE);

        assertThatThrownBy(() -> set.add(TWO)).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> set.remove(ONE)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void iteratorEndsAfterTheLastMember() {
        var iterator = AddressSet.of(ONE).iterator();
        iterator.next();

        assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
    }

    @Test
    void oneChangeOfAHundredThousandLooksAtFewMembers() {
        AddressSet large = AddressSet.copyOf(IntStream.range(0, 100_000)
                .mapToObj(i -> IpAddress.v4(0x0a000000 + i))
                .toList());
        AddressSet changed = large.with(SIX).without(TWO);

        long start = System.nanoTime();
        for (int i = 0; i < 1000; i++) {
            assertThat(changed.changesSince(large)).isEqualTo(new AddressSet.Changes(List.of(SIX), List.of(TWO)));
        }
        long nanos = System.nanoTime() - start;

        // A thousand walks over all members take tens of seconds; a thousand walks along one path, milliseconds.
        assertThat(nanos).isLessThan(5_000_000_000L);
    }

    @Property(tries = 300)
    void changesLeadFromOneSetToTheOther(
            @ForAll("addresses") List<IpAddress> before, @ForAll("addresses") List<IpAddress> now) {
        AddressSet old = AddressSet.copyOf(before);

        AddressSet.Changes changes = AddressSet.copyOf(now).changesSince(old);

        Set<IpAddress> added = new TreeSet<>(now);
        before.forEach(added::remove);
        Set<IpAddress> removed = new TreeSet<>(before);
        now.forEach(removed::remove);
        assertThat(changes.added()).containsExactlyElementsOf(added);
        assertThat(changes.removed()).containsExactlyElementsOf(removed);
        assertThat(changes.isEmpty()).isEqualTo(new HashSet<>(before).equals(new HashSet<>(now)));
    }

    @Property(tries = 300)
    void anyWayToTheSameMembersGivesAnEqualSet(@ForAll("addresses") List<IpAddress> members, @ForAll Random random) {
        List<IpAddress> shuffled = new ArrayList<>(members);
        Collections.shuffle(shuffled, random);
        AddressSet oneByOne = AddressSet.of(SIX, ONE);
        for (IpAddress address : shuffled) {
            oneByOne = oneByOne.with(address);
        }
        for (IpAddress address : List.of(ONE, SIX)) {
            oneByOne = members.contains(address) ? oneByOne : oneByOne.without(address);
        }

        AddressSet atOnce = AddressSet.copyOf(members);

        assertThat(oneByOne).isEqualTo(atOnce);
        assertThat(oneByOne.changesSince(atOnce).isEmpty()).isTrue();
        assertThat(atOnce).containsExactlyElementsOf(new TreeSet<>(members)).hasSameSizeAs(new HashSet<>(members));
        assertThat(members).allMatch(oneByOne::contains);
    }

    @Provide
    Arbitrary<List<IpAddress>> addresses() {
        Arbitrary<IpAddress> v4 = Arbitraries.integers().between(0, 40).map(i -> IpAddress.v4(0x0a000000 + i));
        Arbitrary<IpAddress> v6 = Arbitraries.longs().between(0, 40).map(i -> IpAddress.v6(0xfd80L << 48, i));
        return Arbitraries.oneOf(v4, v6).list().ofMaxSize(60);
    }
}
