package io.calico.policy;

/** Why a packet got its verdict. The text of each is one short line for operators. */
public sealed interface Reason {
    /** A rule matched; for example {@code APP inbound 2}. */
    record MatchedRule(RuleSource rule) implements Reason {
        @Override
        public String toString() {
            return rule.toString();
        }
    }

    /** A profile of the list has no usable rules; for example {@code GONE inbound missing}. */
    record MissingProfile(String profile, Direction direction) implements Reason {
        @Override
        public String toString() {
            return profile + " " + direction + " missing";
        }
    }

    /** No rule of any profile of the list matched; for example {@code WEB,CLIENT inbound no match}. */
    record NoMatch(ProfileList profiles, Direction direction) implements Reason {
        @Override
        public String toString() {
            return (profiles.ids().isEmpty() ? "no profiles " : profiles + " ") + direction + " no match";
        }
    }

    /** What holds whatever the profiles say. */
    enum Fixed implements Reason {
        UNKNOWN_SENDER("from unknown endpoint"),
        UNKNOWN_RECEIVER("to unknown endpoint"),
        SOURCE_MAC("source MAC is not the endpoint's"),
        SOURCE_ADDRESS("source address is not the endpoint's"),
        TUNNEL_FROM_WORKLOAD("tunnel packet from a workload"),
        HOST_EXCEPTION("fixed exception for packets to the host"),
        HOST_ACTION("packets to the host are dropped"),
        FROM_HOST("from the host itself"),
        NO_WORKLOAD("no workload interface involved");

        private final String text;

        Fixed(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
