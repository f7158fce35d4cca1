package io.calico.benchmarks;

/** Does nothing: the yardstick for the start of a Java command on the machine at hand. */
public final class EmptyMain {
    private EmptyMain() {}

    public static void main(String[] arguments) {}
}
