package io.calico.ipam.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stored value is not what it should be. Says what is wrong; where it is stored the caller knows. */
public final class CorruptRecord extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    CorruptRecord(List<String> problems, @Nullable Throwable cause) {
        super(String.join("; ", problems), cause);
        this.problems = List.copyOf(problems);
    }

    CorruptRecord(String problem) {
        this(List.of(problem), null);
    }

    /** One sentence for each thing that is wrong; not empty. */
    public List<String> problems() {
        return problems;
    }

    /** All of them in one line. */
    public String reason() {
        return String.join("; ", problems);
    }
}
