package io.calico.dataplane.linux.process;

/**
 * How a tool ended. Immutable.
 *
 * @param exitCode 0 if the tool did what was asked
 * @param processId the number that the process had
 * @param output what it wrote to standard output and standard error, cut after 64 KiB
 */
public record ToolResult(int exitCode, long processId, String output) {
    /** Whether the exit code is 0. */
    public boolean succeeded() {
        return exitCode == 0;
    }
}
