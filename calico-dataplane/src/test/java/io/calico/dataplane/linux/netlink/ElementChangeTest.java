package io.calico.dataplane.linux.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Byte for byte, against {@code linux/netfilter/nf_tables.h}; no kernel involved. */
class ElementChangeTest {
    private static final byte[] CALI1 = Arrays.copyOf("cali1".getBytes(StandardCharsets.US_ASCII), 16);

    @Test
    void elementOfAMapHasKeyAndData() {
        ElementChange change =
                ElementChange.add("calico", "policy_of", CALI1, Optional.of(new byte[] {5, 0, 0, 0}), "cali1 : 5");

        assertThat(Bytes.of(change.request())).isEqualTo(Bytes.hex("""
                5c000000 0c0a 0504 07000000 00000000   # 92 bytes, NFT_MSG_NEWSETELEM, REQUEST ACK CREATE
                01 00 0000                             # NFPROTO_INET, version 0, no resource
                0b00 0100 63616c69636f00 00            # NFTA_SET_ELEM_LIST_TABLE "calico", padding
                0e00 0200 706f6c6963795f6f6600 0000    # NFTA_SET_ELEM_LIST_SET "policy_of", padding
                2c00 0380                              # NFTA_SET_ELEM_LIST_ELEMENTS, nested, 44 bytes
                  2800 0180                              # NFTA_LIST_ELEM, nested, 40 bytes
                    1800 0180                              # NFTA_SET_ELEM_KEY, nested, 24 bytes
                      1400 0100 63616c69310000000000000000000000   # NFTA_DATA_VALUE, the name in 16 bytes
                    0c00 0280                              # NFTA_SET_ELEM_DATA, nested, 12 bytes
                      0800 0100 05000000                     # NFTA_DATA_VALUE, the mark
                """));
    }

    @Test
    void deletionNamesTheKeyOnly() {
        ElementChange change = ElementChange.delete("calico", "t4_WEB", new byte[] {10, 65, 0, 2}, "10.65.0.2");

        assertThat(change).hasToString("delete element { 10.65.0.2 } of set t4_WEB in table inet calico");
        assertThat(Bytes.of(change.request())).isEqualTo(Bytes.hex("""
                40000000 0e0a 0500 07000000 00000000   # 64 bytes, NFT_MSG_DELSETELEM, REQUEST ACK
                01 00 0000
                0b00 0100 63616c69636f00 00            # "calico"
                0b00 0200 74345f57454200 00            # "t4_WEB"
                1400 0380                              # NFTA_SET_ELEM_LIST_ELEMENTS, nested, 20 bytes
                  1000 0180                              # NFTA_LIST_ELEM, nested, 16 bytes
                    0c00 0180                              # NFTA_SET_ELEM_KEY, nested, 12 bytes
                      0800 0100 0a410002                     # NFTA_DATA_VALUE, the address
                """));
    }
}
