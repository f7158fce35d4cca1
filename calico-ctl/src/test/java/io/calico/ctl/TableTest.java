package io.calico.ctl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TableTest {
    @Test
    void tableWithoutRowsHasAnEmptyBody() {
        assertThat(new Table("IPv6 CIDR", "Options").text()).isEqualTo("""
                        +-----------+---------+
                        | IPv6 CIDR | Options |
                        +-----------+---------+
                        +-----------+---------+
                        """);
    }

    @Test
    void cellsAndHeadersAreCentred() {
        Table table = new Table("Name").row("edge-proxy").row("ledger.v2").row("orders");

        assertThat(table.text()).isEqualTo("""
                        +------------+
                        |    Name    |
                        +------------+
                        | edge-proxy |
                        | ledger.v2  |
                        |   orders   |
                        +------------+
                        """);
    }

    @Test
    void oddFreeSpaceGoesRightOfOddAndLeftOfEvenTexts() {
        Table table = new Table("Name").row("ledger.v2").row("orders").row("");

        assertThat(table.text()).isEqualTo("""
                        +-----------+
                        |    Name   |
                        +-----------+
                        | ledger.v2 |
                        |   orders  |
                        |           |
                        +-----------+
                        """);
    }

    @Test
    void cellOfSeveralLinesPadsTheOthersOfItsRowBelow() {
        Table table = new Table("Host", "Addresses", "State")
                .row("n1", "10.77.0.5/32\nfd80::5/128", "active")
                .row("n2", "10.77.0.6/32", "active");

        assertThat(table.text()).isEqualTo("""
                        +------+--------------+--------+
                        | Host |  Addresses   | State  |
                        +------+--------------+--------+
                        |  n1  | 10.77.0.5/32 | active |
                        |      | fd80::5/128  |        |
                        |  n2  | 10.77.0.6/32 | active |
                        +------+--------------+--------+
                        """);
    }

    @Test
    void sortedOrdersByTheFirstColumnThenTheNextAsText() {
        Table table = new Table("CIDR", "Options")
                .row("10.70.0.5/32", "")
                .row("10.70.0.16/30", "b")
                .row("10.70.0.16/30", "a")
                .sorted();

        assertThat(table.text()).isEqualTo("""
                        +---------------+---------+
                        |      CIDR     | Options |
                        +---------------+---------+
                        | 10.70.0.16/30 |    a    |
                        | 10.70.0.16/30 |    b    |
                        |  10.70.0.5/32 |         |
                        +---------------+---------+
                        """);
    }

    @Test
    void rowOfAnotherWidthIsRefused() {
        assertThatThrownBy(() -> new Table("A", "B").row("only one")).isInstanceOf(IllegalArgumentException.class);
    }
}
