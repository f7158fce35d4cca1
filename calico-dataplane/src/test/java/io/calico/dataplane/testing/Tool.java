package io.calico.dataplane.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Runs a program in the network namespace of the calling thread and reads what it prints. */
public final class Tool {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Tool() {}

    /** What the program prints, both streams together; an {@link AssertionError} with that text if it fails. */
    public static String run(String commandLine) {
        try {
            Process process = new ProcessBuilder(commandLine.split(" ", -1))
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new AssertionError(commandLine + ": " + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(commandLine, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(commandLine + ": interrupted", e);
        }
    }

    /** What a program that prints JSON says. */
    public static JsonNode json(String commandLine) {
        try {
            return JSON.readTree(run(commandLine));
        } catch (IOException e) {
            throw new UncheckedIOException(commandLine, e);
        }
    }
}
