package io.calico.dataplane.linux.nft;

/**
 * What becomes of a packet. Immutable.
 *
 * @param kind what happens
 * @param chain where evaluation goes on; empty unless the kind needs a chain
 */
public record NftVerdict(Kind kind, String chain) implements Datum {
    /** Ends the evaluation of this hook's chain in favour of the packet; other tables may still drop it. */
    public static final NftVerdict ACCEPT = new NftVerdict(Kind.ACCEPT, "");

    /** Drops the packet, finally. */
    public static final NftVerdict DROP = new NftVerdict(Kind.DROP, "");

    /** Goes back to the chain that jumped here; in a base chain: to its policy. */
    public static final NftVerdict RETURN = new NftVerdict(Kind.RETURN, "");

    /** Kinds of verdicts. */
    public enum Kind {
        ACCEPT("accept", false),
        DROP("drop", false),
        RETURN("return", false),
        JUMP("jump", true),
        GOTO("goto", true);

        private final String text;
        private final boolean hasChain;

        Kind(String text, boolean hasChain) {
            this.text = text;
            this.hasChain = hasChain;
        }

        /** The word as nft writes it. */
        public String text() {
            return text;
        }
    }

    public NftVerdict {
        if (kind.hasChain != !chain.isEmpty()) {
            throw new IllegalArgumentException("verdict " + kind.text + " with chain '" + chain + "'");
        }
        if (kind.hasChain) {
            NftNames.requireValid("chain", chain);
        }
    }

    /** Evaluates the chain, then comes back if it did not decide. */
    public static NftVerdict jump(String chain) {
        return new NftVerdict(Kind.JUMP, chain);
    }

    /** Evaluates the chain and does not come back. */
    public static NftVerdict goTo(String chain) {
        return new NftVerdict(Kind.GOTO, chain);
    }

    @Override
    public <R> R accept(Visitor<R> visitor) {
        return visitor.verdict(this);
    }
}
